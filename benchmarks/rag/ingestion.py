"""Real pages taken in from end to end, by a worker, with the offline embedder: chunks a second, stages, CPU, memory.

The pages are documentation that this machine has (Debian's and Perl's packages, say); ``apt-get install perl-doc
python3-doc`` gives more. Several figures of stages add up to more than the time: documents overlap. On a machine that
others use, only the CPU compares: that of the worker, of the processes that read, and of PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.peer_report import Figure
from benchmarks.streams import plain

AIM = 150.0  # chunks a second
ROOTS = ("/usr/share/doc", "/usr/share/perl", "/usr/share/info", "/usr/share/man", "/usr/lib/python3")
KINDS = {".html", ".htm", ".md", ".txt", ".pod", ".rst", ".pdf", ""}
SMALLEST, LARGEST = 1_000, 400_000  # bytes


def measure(options: argparse.Namespace) -> list[Figure]:
    """Load the pages, run a worker until all are taken in, and look."""
    from tenants.context import tenant_context
    from tests.factories import make_tenant

    tenant = make_tenant("ingestion")
    pages = list(_pages(options.pages))
    with tenant_context(tenant.ref):
        adding = _add(tenant, pages)
    _warm_up()
    stages, before = _watched(), _cpu_seconds()
    memory, seconds = asyncio.run(_work(tenant))
    used = {name: spent - before[name] for name, spent in _cpu_seconds().items()}
    with tenant_context(tenant.ref):
        chunks, statuses = _outcome()
    speed = chunks / seconds
    growth = memory[-1] / memory[len(memory) // 2]
    return [
        plain("pages", len(pages), ""),
        plain("of them ready", statuses.get("ready", 0), ""),
        plain("chunks", chunks, ""),
        plain("storing the pages", adding, "s"),
        plain("taking them in", seconds, "s"),
        Figure("chunks taken in a second", speed, "1/s", f"at least {AIM:g}", speed >= AIM),
        Figure("memory at the end over that at half time", growth, "x", "at most 1.15", growth <= 1.15),
        plain("memory at the end", memory[-1] / 2**20, "MB"),
        *(plain(f"stage: {name}", spent, "s") for name, spent in stages.items()),
        *(plain(f"CPU of a chunk: {name}", 1000 * spent / chunks, "ms") for name, spent in used.items()),
        plain("CPU of a chunk", 1000 * sum(used.values()) / chunks, "ms"),
    ]


def _pages(count: int) -> Iterator[tuple[str, bytes]]:
    """Files of text that are not the same, with their names."""
    seen = set[str]()
    for root in ROOTS:
        for path in sorted(Path(root).rglob("*")):
            if len(seen) == count:
                return
            source = _source(path)
            if source is None:
                continue
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if SMALLEST <= len(content) <= LARGEST and digest not in seen and b"\0" not in content[:1000]:
                seen.add(digest)
                yield source, content


def _source(path: Path) -> str | None:
    """The name under which a file is added; None for one that is no page. Debian packs manuals and long texts."""
    name = path.with_suffix("") if path.suffix == ".gz" else path
    is_manual = path.suffix == ".gz" and path.is_relative_to("/usr/share/man")
    is_page = name.suffix.lower() in KINDS or is_manual
    if not is_page or path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        return None
    return f"{name}.txt" if is_manual else str(name)


def _add(tenant: Any, pages: list[tuple[str, bytes]]) -> float:
    from rag.use_cases.add_document import add_document
    from rag.use_cases.create_collection import create_collection

    actor = tenant.actor(tenant.owner)
    collection = create_collection(actor, "Pages")
    begun = time.perf_counter()
    for name, content in pages:
        add_document(actor, collection.pk, content, source=name)
    return time.perf_counter() - begun


def _warm_up() -> None:
    """What a worker does once: start the process that reads, and load the model."""
    from rag.extraction.extractor import get_extractor
    from rag.extraction.protocol import Request
    from rag.ingest.embed import WordLlamaEmbedder

    get_extractor().extract(Request(b"Something to begin with."))
    WordLlamaEmbedder().embed_query("Something to begin with.")


def _watched() -> dict[str, float]:
    """Seconds by stage, counted while the worker works."""
    from rag.extraction.extractor import Extractor
    from rag.ingest import queue
    from rag.ingest.embed import WordLlamaEmbedder
    from rag.use_cases import ingest_document

    spent: dict[str, float] = defaultdict(float)

    def watch(owner: Any, name: str, stage: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                spent[stage] += time.perf_counter() - begun

        setattr(owner, name, timed)

    watch(Extractor, "extract", "reading and splitting, in processes of their own")
    watch(WordLlamaEmbedder, "embed_documents", "embedding")
    watch(ingest_document, "write_index", "writing chunks, vectors, HNSW and postings")
    watch(queue, "next_document", "giving the turn to the next")
    return spent


def _cpu_seconds() -> dict[str, float]:
    """CPU seconds so far. A process' own times hold those of its children that have ended; PostgreSQL's are asked of
    its first process, where it runs on this machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        database = psutil.Process(cursor.fetchone()[0]).parent()
    here = psutil.Process()
    readers = [child for child in here.children(recursive=True) if "rag.extraction.child" in child.cmdline()]
    families = {"the worker": [here], "reading and splitting": readers}
    if database is not None:
        families["PostgreSQL"] = [database, *database.children(recursive=True)]
    return {
        name: sum(sum(process.cpu_times()[: 2 if process == here else 4]) for process in family)
        for name, family in families.items()
    }


async def _work(tenant: Any) -> tuple[list[int], float]:
    """Memory of this process, each half second, and the time until no page waited any more."""
    from django.conf import settings
    from procrastinate.contrib.django import app

    memory = [psutil.Process().memory_info().rss]
    begun = time.perf_counter()
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with worker.open_async():
        working = asyncio.create_task(
            worker.run_worker_async(
                install_signal_handlers=False,
                queues=["documents"],
                concurrency=settings.ATRIUM_WORKER_CONCURRENCY,
                delete_jobs="successful",
            )
        )
        while await tenant.run(_is_under_way):
            await asyncio.sleep(0.5)
            memory.append(psutil.Process().memory_info().rss)
        seconds = time.perf_counter() - begun
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return memory, seconds


def _is_under_way() -> bool:
    from rag.models import Document

    return Document.objects.filter(status__in=Document.UNDER_WAY).exists()


def _outcome() -> tuple[int, dict[str, int]]:
    from rag.models import Chunk, Document
    from rag.use_cases.lists import status_counts

    return Chunk.objects.count(), dict(status_counts(Document.objects.all()))
