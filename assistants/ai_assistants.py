"""The assistant that every tenant has from the start, and the one that its administrators make others of."""

from __future__ import annotations

from assistants.assistants import AIAssistant


class GeneralAssistant(AIAssistant):
    """What administrators make assistants of their own on: it answers from the documents, and with the tools, that they
    choose."""

    tenant_base = "general"
    name = "General assistant"
    description = "Answers from the collections that you choose, with the tools that you choose."
    instructions = "You are a helpful assistant. Be brief and exact. When you do not know something, say so."
    has_rag = True


class DocsAssistant(AIAssistant):
    """Answers from the tenant's own documents."""

    id = "docs_assistant"
    name = "Documents"
    description = "Answers questions from your organisation's documents."
    instructions = "You answer questions about the organisation's documents. Be brief and exact, and use their words."
    has_rag = True
