"""The passages that a model was given in a turn, each with the number by which it cites it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from langchain_core.documents import Document


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """What a tool has found, as the artifact of its answer: the turn numbers it, and writes it for the model.

    ``answer`` is a text that cites the documents by the ``number`` in their metadata; empty: they are the answer.
    """

    documents: Sequence[Document]
    answer: str = ""


class NumberedPassages:
    """Counts from 1 over all searches of a turn. A passage that is found again keeps its number."""

    def __init__(self) -> None:
        self._by_number: dict[int, Document] = {}
        self._numbers: dict[tuple[str, str, str], int] = {}
        self.has_searched = False
        """Something was searched for, be it in vain: from then on what looks like a marker is checked."""

    def __contains__(self, number: object) -> bool:
        return number in self._by_number

    def __len__(self) -> int:
        return len(self._by_number)

    def __getitem__(self, number: int) -> Document:
        return self._by_number[number]

    def add(self, documents: Iterable[Document], call_id: str = "") -> list[Document]:
        """The documents with their numbers, each once; ``call_id``: a tool's call has found them."""
        self.has_searched = True
        found: dict[int, Document] = {}
        for document in documents:
            key = _key(document)
            # The next one; where the turn goes on after a pause, its first search comes again before what tools found.
            number = self._numbers.setdefault(key, next(each for each in count(1) if each not in self._by_number))
            if number not in self._by_number:
                facts = {**document.metadata, "number": number, **({"call_id": call_id} if call_id else {})}
                self._by_number[number] = Document(page_content=document.page_content, metadata=facts)
            found[number] = self._by_number[number]
        return list(found.values())

    def restore(self, documents: Iterable[Document]) -> None:
        """What tools had found before the turn went on, by the numbers that they have (``runs/found_before.py``)."""
        for document in documents:
            self.has_searched = True
            number = document.metadata["number"]
            self._by_number[number] = document
            self._numbers[_key(document)] = number


def _key(document: Document) -> tuple[str, str, str]:
    facts = document.metadata
    return str(facts.get("document_id") or ""), str(facts.get("chunk_id") or ""), document.page_content
