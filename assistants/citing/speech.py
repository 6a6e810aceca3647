"""What a model says on its way to people: without wrong markers, and of a grounded answer nothing too early. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import BaseMessage

from assistants.citing.markers import MarkerFilter, without_markers
from assistants.citing.numbering import NumberedPassages


class Speech:
    """Passes on what the model says, piece by piece.

    ``waits``: nothing is passed on before the first citation of a passage. An answer without any is then never heard:
    whoever asked must not read a guess that is taken back later.
    """

    def __init__(self, passages: NumberedPassages, tell: Callable[[str], None], *, waits: bool) -> None:
        self._checked = MarkerFilter(passages) if passages.has_searched else None
        self._tell = tell
        self._waiting: list[str] = []
        self.is_waiting = waits
        """True until a passage was cited."""

    @property
    def removed(self) -> int:
        """How many wrong numbers were taken out of what was said so far."""
        return self._checked.removed if self._checked else 0

    def say(self, piece: str) -> None:
        """The next piece."""
        self._pass_on(self._checked.feed(piece) if self._checked else piece)

    def end(self) -> None:
        """The model has ended, or was cut off: what was held back as a marker's beginning is none."""
        self._pass_on(self._checked.end() if self._checked else "")

    def release(self) -> None:
        """Pass on what has waited: it is no answer."""
        self.is_waiting = False
        self._pass_on("")

    def _pass_on(self, text: str) -> None:
        self._waiting.append(text)
        if self._checked and self._checked.markers:
            self.is_waiting = False
        if self.is_waiting:
            return
        whole = "".join(self._waiting)
        self._waiting.clear()
        if whole:
            self._tell(whole)


def checked(message: BaseMessage, passages: NumberedPassages) -> BaseMessage:
    """The whole message as ``Speech`` has passed it on."""
    if not passages.has_searched:
        return message
    markers = MarkerFilter(passages)
    parts = message.content if isinstance(message.content, list) else [message.content]
    texts = [markers.feed(_text(part)) for part in parts]
    rest = markers.end()
    last = max((place for place, part in enumerate(parts) if _text(part)), default=-1)
    made = [_with_text(part, text + rest * (place == last)) for place, (part, text) in enumerate(_both(parts, texts))]
    content = made if isinstance(message.content, list) else made[0]
    return message.model_copy(update={"content": content})


def with_places(message: BaseMessage, citations: list[dict[str, Any]]) -> BaseMessage:
    """The message with the places of its markers, for the model that reads it in a later turn (``uncited``)."""
    spans = sorted({(each["start"], each["end"]) for citation in citations for each in citation["markers"]})
    if not spans:
        return message
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, "markers": spans}})


def uncited(message: BaseMessage, *, is_clients: bool) -> BaseMessage:
    """An earlier answer without its markers: their numbers are of passages that the model does not see any more.

    ``is_clients``: a client keeps the conversation, and no places with it. Nor has what was said by a process that
    died in the middle.
    """
    if message.type != "ai":
        return message
    spans = message.additional_kwargs.get("markers")
    has_no_places = is_clients or message.additional_kwargs.get("partial")
    if isinstance(message.content, str):
        if spans:
            return message.model_copy(update={"content": _without(message.content, spans, 0)})
        return message.model_copy(update={"content": without_markers(message.content)}) if has_no_places else message
    if not spans:
        return message
    made, begin = [], 0
    for part in message.content:
        text = _text(part)
        made.append(_with_text(part, _without(text, spans, begin)))
        begin += len(text)
    return message.model_copy(update={"content": made})


def _both(parts: list[Any], texts: list[str]) -> list[tuple[Any, str]]:
    return list(zip(parts, texts, strict=True))


def _text(part: Any) -> str:
    return part if isinstance(part, str) else part.get("text") or ""


def _with_text(part: Any, text: str) -> Any:
    if isinstance(part, str):
        return text
    return {**part, "text": text} if part.get("text") else part


def _without(text: str, spans: Any, begin: int) -> str:
    """The text, which begins at ``begin`` of the whole, without these places of it and the blanks before them."""
    kept, place = [], 0
    for start, end in spans:
        start, end = max(start - begin, place), min(end - begin, len(text))
        if start < end:
            kept.append(text[place:start].removesuffix(" "))
            place = end
    return "".join([*kept, text[place:]])
