"""Arguments that a question calls by their name: ``city=Oslo``, ``city: Oslo``, "city Oslo", "5
results".
"""

from __future__ import annotations

import re
from typing import Any

from assistants.llm.offline_parameters import Parameter, Tool
from assistants.llm.offline_phrases import MASK, is_free_text, named_phrase
from assistants.llm.offline_values import FORMATS, NOTHING, NUMBER, QUOTED, SCALARS, Written, one_of, unquoted
from assistants.llm.offline_words import stem, words

Value = tuple[Any, tuple[int, int]]
_UNREAD: Value = (NOTHING, (0, 0))

_SIGN = r"[\"'`]?\s*(?:=|:(?!//))\s*"
_BLANK = r"\s+(?:(?i:is|of|to|as|equals)\s+)?"
# Names that say of what kind a value is, and are left out in speech: "order 17" means order_id.
_KIND_OF_NAME = frozenset(("id", "number", "code", "name", "key"))
_TEXT_END = rf"[,;\n{{}}()\[\]{MASK}]|[.?!](?=\s|$)"


def named_value(text: str, parameter: Parameter, tool: Tool) -> Value:
    """The value of one parameter where its name says so, and the stretch of text that says it; else
    `NOTHING`.
    """
    for name, given in ((parameter.words, False), (_spoken_name(parameter), True)):
        if not name:
            continue
        value = _after_name(text, name, parameter, tool, needs_digit=given)
        if value[0] is not NOTHING:
            return value
    return _before_name(text, parameter, tool)


def _spoken_name(parameter: Parameter) -> tuple[str, ...]:
    name = parameter.words
    return name[:-1] if len(name) > 1 and name[-1] in _KIND_OF_NAME else ()


def _after_name(text: str, name: tuple[str, ...], parameter: Parameter, tool: Tool, *, needs_digit: bool) -> Value:
    spelled = r"[\s_-]*".join(map(re.escape, name))
    quotations = [match.span() for match in re.finditer(QUOTED.pattern, text)]
    for key in re.finditer(rf"(?<!\w)(?i:{spelled})(?!\w)(?:(?P<sign>{_SIGN})|{_BLANK})", text):
        value, length = _value_at(text[key.end() :], parameter, tool, signed=key["sign"] is not None)
        span = (key.start(), key.end() + length)
        quoted = any(start < span[0] and span[1] < end for start, end in quotations)
        vague = needs_digit and not any(letter.isdigit() for letter in str(value))
        if value is not NOTHING and not quoted and not vague:
            return value, span
    return _UNREAD


def _value_at(rest: str, parameter: Parameter, tool: Tool, *, signed: bool) -> tuple[Any, int]:
    """The value at the beginning of ``rest`` and its length; ``signed`` when "=" or ":" came before it."""
    if parameter.kind == "array":
        return _list_at(rest, parameter, tool) if signed else (NOTHING, 0)
    written = _scalar(parameter)
    if written:
        return _match(rest, written)
    if parameter.kind != "string":
        return NOTHING, 0
    return _text_with_sign(rest, tool) if signed else _text_after_blank(rest, parameter, tool)


def _scalar(parameter: Parameter) -> Written | None:
    if parameter.choices:
        return one_of(parameter.choices)
    return FORMATS.get(parameter.format) if parameter.kind == "string" else SCALARS.get(parameter.kind)


def _match(rest: str, written: Written) -> tuple[Any, int]:
    """A value as it is or in quotation marks."""
    bare = rest.lstrip("\"'`\u201c\u2018")
    opened = len(rest) - len(bare)
    found = re.match(written.pattern, bare)
    return (written.read(found[0]), opened + found.end() + min(opened, 1)) if found else (NOTHING, 0)


def _text_with_sign(rest: str, tool: Tool) -> tuple[Any, int]:
    if quoted := re.match(QUOTED.pattern, rest):
        return unquoted(quoted[0]), quoted.end()
    end = re.search(f"{_TEXT_END}|{_next_key(tool)}", rest)
    value = (rest[: end.start()] if end else rest).strip()
    return (value, end.start() if end else len(rest)) if value else (NOTHING, 0)


def _text_after_blank(rest: str, parameter: Parameter, tool: Tool) -> tuple[Any, int]:
    found = named_phrase(rest)
    if not found:
        return NOTHING, 0
    is_quoted = bool(re.match(QUOTED.pattern, rest))
    speaks_of_the_tool = set(words(found[0])) <= set(tool.words)
    if not is_quoted and (is_free_text(parameter.words) or speaks_of_the_tool):
        return NOTHING, 0
    return found


def _list_at(rest: str, parameter: Parameter, tool: Tool) -> tuple[Any, int]:
    opened = rest.startswith("[")
    end = re.search(r"\]" if opened else f"[;\\n]|[.?!](?=\\s|$)|{_next_key(tool)}", rest)
    body = rest[1 if opened else 0 : end.start() if end else len(rest)]
    items = [_item(part.strip(), parameter) for part in re.split(r",|\band\b", body) if part.strip()]
    if not items or NOTHING in items:
        return NOTHING, 0
    return items, end.end() if end and opened else end.start() if end else len(rest)


def _item(text: str, parameter: Parameter) -> Any:
    plain = unquoted(text) if re.fullmatch(QUOTED.pattern, text) else text
    written = one_of(parameter.choices) if parameter.choices else SCALARS.get(parameter.item)
    if written is None:
        return plain if parameter.item == "string" else NOTHING
    return written.read(plain) if re.fullmatch(written.pattern, plain) else NOTHING


def _next_key(tool: Tool) -> str:
    """Where the next named argument begins: ``, unit=`` or "and unit:"."""
    keys = "|".join(r"[\s_-]*".join(map(re.escape, each.words)) for each in tool.parameters if each.words) or "(?!)"
    return rf"\s+(?:and\s+|with\s+)?[\"']?(?i:{keys})[\"']?\s*[=:]"


def _before_name(text: str, parameter: Parameter, tool: Tool) -> Value:
    """A number before what it counts: "5 results" for ``max_results``."""
    written = SCALARS.get(parameter.kind)
    last_words = [stem(each.words[-1]) for each in tool.parameters if each.words]
    if not parameter.words or parameter.kind == "boolean" or not written or parameter.choices:
        return _UNREAD
    counted = stem(parameter.words[-1])
    if last_words.count(counted) > 1:
        return _UNREAD
    for found in re.finditer(rf"({NUMBER.pattern})\s+([^\W\d_]+)", text):
        if stem(found[2].lower()) == counted and written.read(found[1]) is not NOTHING:
            return written.read(found[1]), found.span()
    return _UNREAD
