"""``langchain-postgres``' hybrid search beside Atrium's: the same chunks, questions, vectors and server, in turns.

It runs in an environment of its own (``--peer-python``), as it wants an older pgvector than Atrium has. Its search by
words is PostgreSQL's ``ts_rank_cd`` over chunks that hold all of the words; both fuse by reciprocal rank.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from typing import Any
from urllib.parse import urlsplit

from benchmarks.peer_report import Figure
from benchmarks.rag.synthetic import CHUNKS_A_DOCUMENT, COLLECTIONS, DIMENSION, YEARS, Synthetic, load
from benchmarks.streams import plain
from tests.subprocesses import ROOT, clean_environment

TABLE = "langchain_chunks"


def measure(options: argparse.Namespace) -> list[Figure]:
    """Both, in one run, at each size."""
    from rag.evaluation.scratch import scratch_tenant

    if not options.peer_python.exists():
        print(f"peer: {options.peer_python} is not here: langchain-postgres is left out")
        return []
    found: list[Figure] = []
    for chunks in options.sizes:
        with scratch_tenant():
            found += _beside_each_other(chunks, options)
    return found


def _beside_each_other(chunks: int, options: argparse.Namespace) -> list[Figure]:
    """In the scratch tenant in force, and in a table of the public schema, which is gone afterwards."""
    from benchmarks.rag.speed import FILTER, MODEL, _search, _times
    from rag.evaluation.metrics import percentile
    from rag.search.ranking import Scope

    began, source = time.perf_counter(), Synthetic()
    scope = Scope(dict.fromkeys(load(source, chunks), MODEL))
    questions = source.questions(options.questions)
    size = _load_theirs()
    print(f"{chunks:,} chunks loaded and indexed for both in {time.perf_counter() - began:.0f} s", flush=True)
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
            name = f"{chunks:,} chunks: hybrid{title}, p{100 * share:.0f}"
            found += [
                plain(f"{name}, Atrium", one, "ms"),
                plain(f"{name}, langchain-postgres", other, "ms"),
                plain(f"{name}, ratio", one / other, "x peer"),
            ]
        found.append(plain(f"... passages of theirs{title}, of 10", theirs["passages"], ""))
    _drop_theirs()
    return [*found, plain(f"{chunks:,} chunks: langchain-postgres' table with its indexes", size, "MB")]


def _load_theirs() -> float:
    """The same chunks in the form of its table, indexed as its documentation says. Returns its size in MB."""
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
        cursor.execute(f"SELECT pg_total_relation_size('public.{TABLE}') / 1048576.0")
        return float(cursor.fetchone()[0])


def _drop_theirs() -> None:
    from django.db import connection

    from tenants.context import owner_rights

    with owner_rights(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE public.{TABLE}")


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
