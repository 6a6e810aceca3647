"""What a request asks for and an assistant does not do: refused, because to ignore it would give a wrong answer."""

from __future__ import annotations

from assistants.openai_api.schemas import CompletionIn
from tenants.errors import InvalidInput


class Unsupported(InvalidInput):
    """This is not supported here."""

    status = 400
    code = "unsupported_parameter"


def refuse_unsupported(asked: CompletionIn) -> None:
    """Raise ``Unsupported`` for the first field that asks for what is not done here."""
    refused = {
        "n": asked.n not in (None, 1),
        "stop": bool(asked.stop),
        "logprobs": bool(asked.logprobs),
        "top_logprobs": bool(asked.top_logprobs),
        "audio": asked.audio is not None,
        "modalities": bool(asked.modalities) and asked.modalities != ["text"],
        "functions": bool(asked.functions),
        "function_call": asked.function_call not in (None, "none"),
        "web_search_options": asked.web_search_options is not None,
    }
    hints = {
        "n": "An assistant gives one answer: n must be 1.",
        "functions": "Send functions as tools: OpenAI has replaced them, too.",
        "function_call": "Send tool_choice instead: OpenAI has replaced this, too.",
    }
    for name, is_refused in refused.items():
        if is_refused:
            raise Unsupported(hints.get(name, f"{name} is not supported here: leave it out."), field=name)


def wants_structure(asked: CompletionIn) -> bool:
    """True where the answer is to be an object. Raises ``Unsupported`` for a format that nobody knows."""
    kind = (asked.response_format or {}).get("type", "text")
    if kind not in ("text", "json_object", "json_schema"):
        raise Unsupported("type is one of text, json_object and json_schema.", field="response_format")
    return kind != "text"
