"""Objects of a wanted structure, as messages and as JSON."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel

from assistants.exceptions import EmptyAnswerError, ModelReplyMisfit
from assistants.graph.structure import Structure


def as_json(found: Any) -> Any:
    """A pydantic model, a TypedDict or a JSON object as plain JSON."""
    return found.model_dump(mode="json") if isinstance(found, BaseModel) else found


def check_structure(found: Any, wanted: Any) -> None:
    """Raises ``ModelReplyMisfit`` where the object is not of the wanted structure (``AIAssistant.structured_output``).

    None is no object, and passes. A pydantic model has checked itself.
    """
    if found is None or isinstance(found, BaseModel) or (isinstance(wanted, type) and issubclass(wanted, BaseModel)):
        return
    if not _structure(wanted).fits(as_json(found)):
        raise ModelReplyMisfit


def _structure(wanted: Any) -> Structure:
    if isinstance(wanted, dict):
        return Structure(wanted.get("schema") or wanted.get("parameters") or wanted)  # plain, or in OpenAI's wrappings
    return Structure(convert_to_json_schema(wanted), null_fits=True)  # LangChain leaves out what may be None


def as_message(found: Any) -> AIMessage:
    """The object as the thread keeps it: JSON in an AI message. Raises ``EmptyAnswerError`` for none."""
    if found is None:
        raise EmptyAnswerError("The model gave no answer of the wanted structure. Your message is kept; try again.")
    text = json.dumps(as_json(found), ensure_ascii=False, default=str)
    return AIMessage(content=text, additional_kwargs={"structured_output": True})
