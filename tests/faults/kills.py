"""A worker is killed at random moments of a load of documents; in the end there is what an undisturbed load gives.

python -m tests.faults.kills [--documents 200] [--kills 20] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.deployment import Deployment, running

PATIENCE = 600.0  # seconds for a load
CHUNKS = """
    SELECT document.source, chunk.ordinal, chunk.heading, chunk.page, chunk.start_offset, chunk.end_offset,
           chunk.table_header, chunk.text, chunk.content_hash, chunk.lexeme_count,
           (SELECT count(*) FROM acme.rag_embedding WHERE chunk_id = chunk.id),
           word.postings
    FROM acme.rag_chunk AS chunk JOIN acme.rag_document AS document ON document.id = chunk.document_id
    LEFT JOIN (
        SELECT posting >> 24 AS chunk_id, array_agg(lexeme || (posting & 16777215) ORDER BY lexeme) AS postings
        FROM (
            SELECT lexeme, unnest(latest) AS posting FROM acme.rag_word
            UNION ALL
            SELECT lexeme, unnest(postings) FROM acme.rag_word JOIN acme.rag_postings ON word_id = rag_word.id
        ) AS held
        GROUP BY 1
    ) AS word ON word.chunk_id = chunk.id
    WHERE chunk.collection_id = %s ORDER BY 1, 2
"""
STATISTICS = "SELECT chunk_count, total_length FROM acme.rag_lexicalindex WHERE collection_id = %s"
UNDER_WAY = """
    SELECT count(*) FROM acme.rag_document
    WHERE collection_id = %s AND status IN ('queued', 'extracting', 'embedding')
"""
STATUSES = "SELECT status, count(*) FROM acme.rag_document WHERE collection_id = %s GROUP BY status"


def load(deployment: Deployment, name: str, documents: int, kills: int, chance: random.Random) -> dict[str, object]:
    """Add the documents and kill the worker so many times meanwhile: what there is when all are done with."""
    collection = deployment.run("tests.faults.documents", name, str(documents))
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 2.5))
        deployment.worker.kill()
        deployment.worker.start()
    deadline = time.monotonic() + PATIENCE
    while deployment.database.ask(UNDER_WAY, collection) != [(0,)]:
        assert time.monotonic() < deadline, deployment.database.ask(STATUSES, collection)
        time.sleep(0.2)
    return {
        "statuses": deployment.database.ask(STATUSES, collection),
        "statistics": deployment.database.ask(STATISTICS, collection),
        "chunks": deployment.database.ask(CHUNKS, collection),
    }


def main() -> None:
    """Both loads, compared."""
    options = argparse.ArgumentParser(prog="kills")
    options.add_argument("--documents", type=int, default=200)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as deployment:
        undisturbed = load(deployment, "Undisturbed", given.documents, 0, chance)
        disturbed = load(deployment, "Disturbed", given.documents, given.kills, chance)
    chunks = undisturbed["chunks"]
    assert isinstance(chunks, list)
    sys.stdout.write(f"{given.documents} documents, {len(chunks)} chunks, {given.kills} kills: ")
    sys.stdout.write("the same\n" if disturbed == undisturbed else f"NOT the same: {disturbed['statuses']}\n")
    sys.exit(0 if disturbed == undisturbed else 1)


if __name__ == "__main__":
    main()
