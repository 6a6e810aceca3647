"""Judged collections in the file layout of BEIR (N. Thakur et al., 2021).

``corpus.jsonl`` (``_id``, ``title``, ``text``), ``queries.jsonl`` (``_id``, ``text``) and ``qrels/test.tsv`` or
``qrels.tsv`` (``query-id``, ``corpus-id``, ``score``, with a line of titles).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.exceptions import UnreadableCollection


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """One document of the corpus; its text may be empty."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class JudgedCollection:
    """Documents, the questions that have a relevant one, and what was judged: question to document to gain."""

    name: str
    corpus: tuple[CorpusDocument, ...]
    questions: dict[str, str]
    judgements: dict[str, dict[str, int]]


def read_collection(folder: Path) -> JudgedCollection:
    """Read a folder. Raises ``UnreadableCollection``, whose message names the file and the line."""
    judgements = _read_judgements(folder)
    judged = {question for question, gains in judgements.items() if any(gain > 0 for gain in gains.values())}
    corpus = tuple(
        CorpusDocument(str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""))
        for row in _lines(folder / "corpus.jsonl")
    )
    questions = {str(row["_id"]): str(row.get("text") or "") for row in _lines(folder / "queries.jsonl")}
    asked = {key: text for key, text in questions.items() if key in judged}
    if not asked:
        raise UnreadableCollection(f"{folder}: no question has a document that was judged relevant.")
    return JudgedCollection(folder.resolve().name, corpus, asked, judgements)


def _read_judgements(folder: Path) -> dict[str, dict[str, int]]:
    path = next((folder / name for name in ("qrels/test.tsv", "qrels.tsv") if (folder / name).is_file()), None)
    if path is None:
        raise UnreadableCollection(f"{folder} has neither qrels/test.tsv nor qrels.tsv.")
    judgements: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file, delimiter="\t"), start=1):
            try:
                question, document, gain = row
                judgements.setdefault(question, {})[document] = int(gain)
            except ValueError as error:
                if number > 1:  # the first line names the columns
                    message = f"{path}, line {number}: question, document and a whole number are expected."
                    raise UnreadableCollection(message) from error
    judgements.pop("query-id", None)
    return judgements


def _lines(path: Path) -> Iterator[dict[str, object]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict) or "_id" not in row:
                    raise UnreadableCollection(f"{path}, line {number}: an object with an _id is expected.")
                yield row
    except (OSError, ValueError) as error:
        raise UnreadableCollection(f"{path} cannot be read: {error}") from error
