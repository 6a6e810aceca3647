"""The assistant that every tenant has from the start."""

from __future__ import annotations

from assistants.assistants import AIAssistant


class DocsAssistant(AIAssistant):
    """Answers from the tenant's own documents."""

    id = "docs_assistant"
    name = "Documents"
    instructions = "You answer questions about the organisation's documents. Be brief and exact, and use their words."
    has_rag = True
