"""Fills a tool's arguments from a question by rules, or says which it could not fill.

From the surest rule to the boldest: what the question calls by its name (``limit=5``, "limit 5", "5
results"); values of an enum; dates, addresses and ids by their form; switches ("without archived"); numbers
and quotations by their order; and what follows "in", "for" or "of" where one text is all that is missing. A
rule that could be read in two ways fills nothing: three numbers for two parameters are a question back, not
a guess. Words such as "today" stay unread, as the model knows neither clock nor time zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assistants.llm.offline_named import named_value
from assistants.llm.offline_parameters import Parameter, Tool
from assistants.llm.offline_phrases import MASK, is_free_text, subject_phrase
from assistants.llm.offline_values import FORMATS, NOTHING, NUMBER, QUOTED, SCALARS, Written, one_of, unquoted

Span = tuple[int, int]
_Found = list[tuple[Span, str]]


@dataclass(frozen=True)
class Arguments:
    """Arguments as read from a question, and the required parameters that were not found in it."""

    values: dict[str, Any]
    missing: tuple[Parameter, ...]


def fill_arguments(text: str, tool: Tool, *, by_position: bool = True) -> Arguments:
    """Read the arguments of a tool from a question.

    Parameters
    ----------
    text
        The question, or the part of it that belongs to this tool; `MASK` where nothing may be read.
    by_position
        Also use rules that go by order and position alone. Without them only what is named, or of a form of
        its own, is filled.
    """
    filling = _Filling(text, tool)
    filling.read_named()
    filling.read_choices()
    filling.read_formats()
    filling.read_switches()
    if by_position:
        filling.read_numbers()
        filling.read_quotations()
        filling.read_subject()
    missing = tuple(parameter for parameter in filling.open() if parameter.required)
    # In the order of the schema, so that the same question always makes the same call.
    ordered = {each.name: filling.values[each.name] for each in tool.parameters if each.name in filling.values}
    return Arguments(ordered, missing)


class _Filling:
    """The text that is left to read and the values read so far. Each rule masks what it has read."""

    def __init__(self, text: str, tool: Tool) -> None:
        self.text = text
        self.tool = tool
        self.values: dict[str, Any] = {}

    def open(self, *kinds: str) -> list[Parameter]:
        """Parameters without a value yet, of these kinds or of any."""
        return [
            each for each in self.tool.parameters if each.name not in self.values and (not kinds or each.kind in kinds)
        ]

    def read_named(self) -> None:
        for parameter in self.open():
            value, span = named_value(self.text, parameter, self.tool)
            if value is not NOTHING:
                self._keep(parameter, value, [span])

    def read_choices(self) -> None:
        for parameter in self.open():
            if not parameter.choices:
                continue
            written = one_of(parameter.choices)
            found = self._find(written)
            values = list(dict.fromkeys(written.read(text) for _, text in found))
            if parameter.kind == "array" and values:
                self._keep(parameter, values, [span for span, _ in found])
            elif len(values) == 1:
                self._keep(parameter, values[0], [span for span, _ in found])

    def read_formats(self) -> None:
        for name, written in FORMATS.items():
            parameters = [each for each in self.open("string") if each.format == name]
            self._assign(parameters, self._find(written), lambda each: FORMATS[each.format])

    def read_switches(self) -> None:
        own_words = set(self.tool.words)
        for parameter in self.open("boolean"):
            name = _switch_words(parameter)
            if not name or set(name) <= own_words:
                continue
            spelled = r"[\s_-]+".join(map(re.escape, name))
            mention = re.search(
                rf"(?<!\w)(?i:(without|no|not|non|exclude|excluding)\s+)?(?i:{spelled})(?!\w)", self.text
            )
            if mention:
                self._keep(parameter, mention[1] is None, [mention.span()])

    def read_numbers(self) -> None:
        scalars = self.open("integer", "number")
        lists = [each for each in self.open("array") if each.item in SCALARS and not each.choices]
        found = self._outside_quotations(self._find(NUMBER))
        if len(lists) == 1 and not any(each.required for each in scalars):
            self._assign_all(lists[0], found, SCALARS[lists[0].item])
        elif any(each.required for each in scalars) or len(self.tool.parameters) == 1:
            self._assign(scalars, found, lambda each: SCALARS[each.kind])

    def read_quotations(self) -> None:
        scalars = [each for each in self.open("string") if not each.choices and each.format not in FORMATS]
        lists = [each for each in self.open("array") if each.item == "string" and not each.choices]
        found = self._find(QUOTED)
        as_text = Written(QUOTED.pattern, unquoted)
        if len(lists) == 1 and not any(each.required for each in scalars):
            self._assign_all(lists[0], found, as_text)
        else:
            self._assign(scalars, found, lambda _: as_text)

    def read_subject(self) -> None:
        required = [each for each in self.open("string") if each.required and not each.choices]
        if len(required) != 1 or required[0].format in FORMATS:
            return
        free_text = is_free_text(required[0].words)
        if phrase := subject_phrase(self.text, free_text, self.tool.words):
            self._keep(required[0], phrase, [])

    def _find(self, written: Written) -> _Found:
        """Where a pattern occurs and means something."""
        found = [(match.span(), match[0]) for match in re.finditer(written.pattern, self.text)]
        return [(span, text) for span, text in found if written.read(text) is not NOTHING]

    def _outside_quotations(self, found: _Found) -> _Found:
        quoted = [match.span() for match in re.finditer(QUOTED.pattern, self.text)]
        return [each for each in found if not any(start <= each[0][0] < end for start, end in quoted)]

    def _assign(self, parameters: Sequence[Parameter], found: _Found, written: Callable[[Parameter], Written]) -> None:
        """Give the texts to the parameters in order, if there are as many of them as parameters (or
        required ones).
        """
        required = [each for each in parameters if each.required]
        for group in (parameters, required):
            if group and len(group) == len(found):
                for parameter, (span, text) in zip(group, found, strict=True):
                    value = written(parameter).read(text)
                    if value is not NOTHING:
                        self._keep(parameter, value, [span])
                return

    def _assign_all(self, parameter: Parameter, found: _Found, written: Written) -> None:
        values = [written.read(text) for _, text in found]
        if values and NOTHING not in values:
            self._keep(parameter, values, [span for span, _ in found])

    def _keep(self, parameter: Parameter, value: Any, spans: Iterable[Span]) -> None:
        self.values[parameter.name] = value
        for start, end in spans:
            self.text = self.text[:start] + MASK * (end - start) + self.text[end:]


def _switch_words(parameter: Parameter) -> tuple[str, ...]:
    """``include_archived`` is switched on by "archived" as well."""
    words = parameter.words
    return words[1:] if words[0] in {"is", "has", "with", "include", "show", "use", "only"} and words[1:] else words
