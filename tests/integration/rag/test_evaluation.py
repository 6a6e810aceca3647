"""``manage.py rag_evaluate`` measures a folder of questions, and leaves nothing behind."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

CORPUS = [("1", "Pumps", "A pump moves water."), ("2", "Bread", "Knead the dough."), ("3", "", "")]


@pytest.fixture
def folder(tmp_path):
    rows = [{"_id": key, "title": title, "text": text} for key, title, text in CORPUS]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    questions = [("a", "which pump moves water"), ("b", "dough"), ("c", "nobody judged this")]
    rows = [{"_id": key, "text": text} for key, text in questions]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\t1\t1\nb\t1\t1\nb\t2\t0\n")
    return tmp_path


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.usefixtures("acme")
def test_configurations_are_measured_side_by_side_and_nothing_is_left(folder, capsys):
    before = schemas()
    call_command("rag_evaluate", folder, "--modes", "words", "hybrid", "--chunks", "220/40", "60", "--json")
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["splitting"], each["mode"]) for each in results] == [
        ("220/40", "words"),
        ("220/40", "hybrid"),
        ("60/0", "words"),
        ("60/0", "hybrid"),
    ]
    words = results[0]
    assert (words["questions"], words["chunks"]) == (2, 2)
    assert (words["ndcg"], words["recall"], words["mrr"]) == (0.5, 0.5, 0.5)  # one question finds its document
    assert 0 < words["p50_ms"] <= words["p95_ms"]
    assert schemas() == before
    call_command("rag_evaluate", folder, "--modes", "words")
    assert "nDCG@10" in capsys.readouterr().out


@pytest.mark.usefixtures("acme")
def test_a_folder_that_cannot_be_read_says_what_is_wrong(folder):
    (folder / "corpus.jsonl").write_text('{"_id": "1"}\n[]\n')
    with pytest.raises(CommandError, match="line 2"):
        call_command("rag_evaluate", folder)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\t1\tmuch\n")
    with pytest.raises(CommandError, match="line 2"):
        call_command("rag_evaluate", folder)
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(CommandError, match="neither"):
        call_command("rag_evaluate", folder)
