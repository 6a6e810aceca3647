"""What a turn's model calls cost in tokens: all of them, also those whose text nobody sees."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatGeneration, LLMResult

from assistants.runs.turns import Spent

NOTHING = Spent()


class TokenUse(BaseCallbackHandler):
    """Adds up the tokens of every model call inside a run: answers, rewritten questions, structured output, and the
    assistants that are tools of this one. LangChain hands it down to all of them."""

    run_inline = True  # an addition needs no thread
    ignore_chain = True
    ignore_agent = True
    ignore_retriever = True

    def __init__(self, before: Spent = NOTHING) -> None:
        self.tokens_in = before.tokens_in
        self.tokens_out = before.tokens_out
        self.model = before.model
        """The model that answered last, by the name that the provider gave it: the answer's own."""

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        """Nothing. Without it, LangChain would write the whole conversation out as text, to tell us of that."""

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Add one answer's tokens, where the provider told them."""
        for generations in response.generations:
            for generation in generations:
                message = getattr(generation, "message", None) if isinstance(generation, ChatGeneration) else None
                usage = getattr(message, "usage_metadata", None)
                if usage:
                    self.tokens_in += usage["input_tokens"]
                    self.tokens_out += usage["output_tokens"]
                self.model = getattr(message, "response_metadata", {}).get("model_name", "") or self.model
