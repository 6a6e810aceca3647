"""The offline model's sentences, in Markdown. Each answer says what is speaking."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from assistants.llm.offline_parameters import Parameter, Tool
from assistants.llm.offline_quotes import Findings, Quote
from assistants.llm.offline_turn import ToolResult

QUOTING_NOTICE = "*Quoted, not written: this is the offline model, as no model key (`OPENAI_API_KEY`) is configured.*"
NOTICE = "*This is the offline model, as no model key (`OPENAI_API_KEY`) is configured.*"

MAX_RESULT_CHARACTERS = 4_000
MAX_LIST_ITEMS = 20
_MAX_NAMED_WORDS = 5
_INLINE_RESULT_CHARACTERS = 280


def quoting_answer(findings: Findings) -> str:
    """Block quotes with their documents' titles and citation markers, or that nothing was found."""
    if not findings.supported:
        return _paragraphs(_nothing_about(findings.asked), NOTICE)
    if not findings.quotes:
        places = [f"- {_attribution(each.title, each.number)}" for each in findings.pointers]
        lead = "I found no sentence to quote, only tables or code that mention it:"
        return _paragraphs(lead, "\n".join(places), NOTICE)
    return _paragraphs(_lead_in(findings), *map(_block_quote, findings.quotes), QUOTING_NOTICE)


def no_passage_answer() -> str:
    """The search came back empty."""
    return _paragraphs("I found no passage about this in the documents.", NOTICE)


def free_answer(tools: Sequence[Tool]) -> str:
    """There is nothing to quote and no tool to call: what this is, and what it would take to answer."""
    text = (
        "I am the offline model: I quote documents and call tools that are named, but I cannot answer "
        "freely. For written answers, configure a model key (`OPENAI_API_KEY`)."
    )
    return _paragraphs(text, f"Tools that I can call by name: {_names(tools)}." if tools else "")


def question_back(incomplete: Iterable[tuple[Tool, Sequence[Parameter]]], rivals: Sequence[Tool] = ()) -> str:
    """Ask for the arguments that are missing, or which of several tools is meant."""
    questions = [_ask_for(tool, missing) for tool, missing in incomplete]
    if rivals:
        questions.append(f"The question could mean several tools: {_names(rivals)}. Which one? Name it in full.")
    return _paragraphs(*questions, NOTICE)


def tool_answer(results: Sequence[ToolResult], questions: str = "") -> str:
    """What the tools answered, and what is still to be asked."""
    told = [_told(result) for result in results]
    return _paragraphs(*told, questions or NOTICE)


def _lead_in(findings: Findings) -> str:
    if 2 * len(findings.absent) < len(findings.asked):
        return "The documents say:"
    absent = _listed([f"“{word}”" for word in findings.absent], "or")
    return f"No passage mentions {absent}. The closest ones say:"


def _nothing_about(asked: Sequence[str]) -> str:
    if not asked:
        return "The question names nothing that I could look for in the documents."
    return f"The passages that I was given say nothing about {_listed([f'“{word}”' for word in asked], 'or')}."


def _block_quote(quote: Quote) -> str:
    return f"> {quote.text}\n>\n> — {_attribution(quote.title, quote.number)}"


def _attribution(title: str, number: int) -> str:
    # Brackets in a title could pass for a citation or begin a link.
    plain = " ".join(title.replace("[", "(").replace("]", ")").split())
    return f"{plain or 'Untitled'} [{number}]"


def _ask_for(tool: Tool, missing: Sequence[Parameter]) -> str:
    wanted = []
    for parameter in missing:
        hints = [parameter.description.strip().rstrip(".")] if parameter.description.strip() else []
        if parameter.choices:
            hints.append("one of " + ", ".join(f"`{choice}`" for choice in parameter.choices))
        wanted.append(f"- `{parameter.name}`" + (f": {'; '.join(hints)}" if hints else ""))
    example = ", ".join(f"{parameter.name}=…" for parameter in missing)
    lead = f"To call `{tool.name}` I need to know:"
    return _paragraphs(lead, "\n".join(wanted), f"Ask again and say it so: `{tool.name} {example}`.")


def _told(result: ToolResult) -> str:
    text = result.text.strip()
    if result.failed:
        return _paragraphs(f"The tool `{result.name}` failed:", _verbatim(text) if text else "It did not say why.")
    if not text:
        return f"The tool `{result.name}` ran and returned nothing."
    return _paragraphs(f"The tool `{result.name}` returned:", _rendered(text))


def _rendered(text: str) -> str:
    """JSON as a list where it is flat and as code where it is not; other text as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: nested thousands deep
        return _verbatim(text)
    return _as_list(value) or _fenced(json.dumps(value, indent=2, ensure_ascii=False), "json")


def _as_list(value: Any) -> str:
    if isinstance(value, dict):
        lines = [f"**{_inline(key)}**: {_inline(item)}" for key, item in value.items() if _is_flat(item)]
        complete = len(lines) == len(value)
    elif isinstance(value, list):
        lines = [_row(item) for item in value if _is_row(item)]
        complete = len(lines) == len(value)
    else:
        return _verbatim(_inline(value))
    if not lines or not complete:
        return ""
    shown = [f"- {line}" for line in lines[:MAX_LIST_ITEMS]]
    if len(lines) > MAX_LIST_ITEMS:
        shown.append(f"- … and {len(lines) - MAX_LIST_ITEMS} more")
    return "\n".join(shown)


def _is_flat(value: Any) -> bool:
    return not isinstance(value, dict | list) and len(str(value)) <= _INLINE_RESULT_CHARACTERS


def _is_row(value: Any) -> bool:
    return _is_flat(value) or (isinstance(value, dict) and bool(value) and all(map(_is_flat, value.values())))


def _row(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_inline(key)}: {_inline(item)}" for key, item in value.items())
    return _inline(value)


def _inline(value: Any) -> str:
    """A JSON scalar on one line; strings without their quotation marks."""
    text = value if isinstance(value, str) else json.dumps(value)
    return " ".join(_without_markers(text).split())


def _verbatim(text: str) -> str:
    if "\n" in text or len(text) > _INLINE_RESULT_CHARACTERS:
        return _fenced(text)
    return f"> {_without_markers(text)}"


def _fenced(text: str, language: str = "") -> str:
    left_out = len(text) - MAX_RESULT_CHARACTERS
    if left_out > 0:
        text = f"{text[:MAX_RESULT_CHARACTERS].rstrip()}\n… ({left_out:,} more characters)"
    longest_run = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest_run + 1)
    return f"{fence}{language}\n{_without_markers(text)}\n{fence}"


def _without_markers(text: str) -> str:
    """A tool's ``[1]`` must not pass for a citation of a passage; ``[ 1 ]`` means the same in code and
    JSON.
    """
    return re.sub(r"\[(\d+)\]", r"[ \1 ]", text)


def _names(tools: Sequence[Tool]) -> str:
    return ", ".join(f"`{tool.name}`" for tool in tools)


def _listed(items: Sequence[str], conjunction: str) -> str:
    shown = list(items[:_MAX_NAMED_WORDS])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {conjunction} {shown[-1]}"


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
