"""A worker that loses its database goes on, and what a killed one has begun is done by the next."""

from __future__ import annotations

import time

import pytest

PATIENCE = 60.0  # seconds


@pytest.fixture
def add_document(deployment):
    """Adds a document of so many words; its id."""
    return lambda words: deployment.run("tests.faults.document", str(words))


def wait_for_status(deployment, document: str, *wanted: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [(status,)] = deployment.database.ask("SELECT status FROM acme.rag_document WHERE id = %s", document)
        if status in wanted:
            return status
        time.sleep(0.02)
    raise AssertionError(f"the document is still {status}")


def test_the_worker_goes_on_after_a_restart_of_postgresql(deployment, add_document):
    before = deployment.worker.pid
    deployment.database.stop("fast")
    deployment.database.start()
    deployment.wait_until_ready()
    assert wait_for_status(deployment, add_document(50), "ready", "failed") == "ready"
    assert deployment.worker.is_alive
    assert deployment.worker.pid == before


def test_a_document_that_a_killed_worker_was_reading_is_read_by_the_next(deployment, add_document):
    document = add_document(200_000)
    wait_for_status(deployment, document, "extracting", "embedding")
    deployment.worker.kill()
    deployment.worker.start()
    assert wait_for_status(deployment, document, "ready", "failed") == "ready"
