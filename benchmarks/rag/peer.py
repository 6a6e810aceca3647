"""``langchain-postgres``' hybrid search beside Atrium's: the same chunks, questions, vectors and server, in turns.

It runs in an environment of its own (``--peer-python``), as it wants an older pgvector than Atrium has. Its search by
words is PostgreSQL's ``ts_rank_cd`` over chunks that hold all of the words; both fuse by reciprocal rank.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import Any
from urllib.parse import urlsplit

from benchmarks.peer_report import Figure
from benchmarks.rag.synthetic import CHUNKS_A_DOCUMENT, COLLECTIONS, DIMENSION, YEARS, Synthetic, load
from benchmarks.streams import plain
from tests.subprocesses import ROOT, clean_environment

CHUNKS = 20_000  # fewer than elsewhere: both are loaded once more for it
TABLE = "langchain_chunks"


def measure(options: argparse.Namespace) -> list[Figure]:
    """Both, in one run."""
    from benchmarks.rag.speed import FILTER, MODEL, _search, _times
    from rag.evaluation.metrics import percentile
    from rag.evaluation.scratch import scratch_tenant
    from rag.search.ranking import Scope

    if not options.peer_python.exists():
        print(f"peer: {options.peer_python} is not here: langchain-postgres is left out")
        return []
    with scratch_tenant():
        source = Synthetic()
        scope = Scope(dict.fromkeys(load(source, CHUNKS), MODEL))
        questions = source.questions(options.questions)
        _load_theirs()
        order = {
            "url": urlsplit(options.database)._replace(scheme="postgresql+asyncpg").geturl(),
            "table": TABLE,
            "filter": FILTER,
            "questions": [[each.words, [float(number) for number in each.vector]] for each in questions],
        }
        found: list[Figure] = []
        for title, where in (("", scope), (", filtered to 5 %", Scope(scope.models, FILTER))):
            theirs = _theirs(options, order | {"filtered": bool(title)})
            ours, _ = _times(_search(where, "hybrid"), questions)
            for share in (0.5, 0.95):
                one, other = percentile(ours, share), percentile(theirs["took"], share)
                name = f"{CHUNKS:,} chunks: hybrid{title}, p{100 * share:.0f}"
                found += [
                    plain(f"{name}, Atrium", one, "ms"),
                    plain(f"{name}, langchain-postgres", other, "ms"),
                    plain(f"{name}, ratio", one / other, "x peer"),
                ]
            found.append(plain(f"... passages of theirs{title}, of 10", theirs["passages"], ""))
    return found


def _load_theirs() -> None:
    """The same chunks in the form of its table, indexed as its documentation says."""
    from django.db import connection

    from tenants.context import owner_rights, require_tenant

    schema = require_tenant().schema_name
    with owner_rights(), connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for statement in (
            f"""CREATE TABLE public.{TABLE} AS
            SELECT gen_random_uuid() AS langchain_id, chunk.text AS content,
                   embedding.vector::vector({DIMENSION}) AS embedding,
                   2000 + (chunk.id - 1) / {CHUNKS_A_DOCUMENT} / {COLLECTIONS} % {YEARS} AS year,
                   to_tsvector('simple', chunk.text) AS content_tsv
            FROM {schema}.rag_chunk AS chunk
            JOIN {schema}.rag_embedding AS embedding ON embedding.chunk_id = chunk.id""",
            f"ALTER TABLE public.{TABLE} ADD PRIMARY KEY (langchain_id)",
            f"CREATE INDEX ON public.{TABLE} USING gin (content_tsv)",
            f"CREATE INDEX ON public.{TABLE} USING hnsw (embedding vector_cosine_ops)",
            f"CREATE INDEX ON public.{TABLE} (year)",
            f"VACUUM ANALYZE public.{TABLE}",
        ):
            cursor.execute(statement)


def _theirs(options: argparse.Namespace, order: dict[str, Any]) -> dict[str, Any]:
    ended = subprocess.run(
        [options.peer_python, ROOT / "benchmarks" / "rag" / "peer_client.py"],
        env=clean_environment(),
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)
