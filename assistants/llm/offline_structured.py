"""Structured output of the offline model: a schema filled by rules, or a typed error that says what is
missing.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ValidationError

from assistants.exceptions import OfflineModelCannotError

Structured = dict[str, Any] | BaseModel


def structured_output(
    model: Runnable[LanguageModelInput, AIMessage], schema: dict[str, Any] | type, *, include_raw: bool
) -> Runnable[LanguageModelInput, Structured]:
    """Turn the calls of a model that is bound to ``schema`` into values of it.

    Parameters
    ----------
    model
        The model, bound to the schema as its only tool.
    schema
        A Pydantic class gives instances of it; anything else gives dicts.
    include_raw
        Give ``{"raw": AIMessage, "parsed": value or None, "parsing_error": error or None}`` and raise
        nothing.
    """
    parser = RunnableLambda(_parser_of(schema))
    if not include_raw:
        return model | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def _parser_of(schema: dict[str, Any] | type) -> Any:
    function = convert_to_openai_tool(schema)["function"]
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        parser: Any = PydanticToolsParser(tools=[schema], first_tool_only=True)
    else:
        parser = JsonOutputKeyToolsParser(key_name=function["name"], first_tool_only=True)

    def parse(message: AIMessage) -> Structured:
        if not message.tool_calls:
            required = ", ".join((function.get("parameters") or {}).get("required") or ()) or "nothing"
            raise OfflineModelCannotError(
                f"The offline model cannot fill {function['name']} from the message: it copies what is given "
                f"as name=value and concludes nothing. Required: {required}. "
                "Configure a model key (OPENAI_API_KEY)."
            )
        try:
            value: Structured = parser.invoke(message)
        except (ValidationError, OutputParserException) as error:
            raise OfflineModelCannotError(
                f"What the offline model read for {function['name']} does not fit its schema. "
                "Configure a model key (OPENAI_API_KEY)."
            ) from error
        return value

    return parse
