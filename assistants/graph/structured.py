"""Objects of a wanted structure, as messages and as JSON."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.messages import AIMessage
from pydantic import BaseModel

from assistants.exceptions import EmptyAnswerError


def as_json(found: Any) -> Any:
    """A pydantic model, a TypedDict or a JSON object as plain JSON."""
    return found.model_dump(mode="json") if isinstance(found, BaseModel) else found


def as_message(found: Any) -> AIMessage:
    """The object as the thread keeps it: JSON in an AI message. Raises ``EmptyAnswerError`` for none."""
    if found is None:
        raise EmptyAnswerError("The model gave no answer of the wanted structure. Your message is kept; try again.")
    text = json.dumps(as_json(found), ensure_ascii=False, default=str)
    return AIMessage(content=text, additional_kwargs={"structured_output": True})
