"""Documents that are addresses: fetched, read, found, and fetched anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rag.models import Document
from rag.use_cases.add_document import add_address
from rag.use_cases.documents import get_original, reprocess_document
from rag.use_cases.ingest_document import ingest_document


class Site(BaseHTTPRequestHandler):
    """A web site whose one page says what the test wants, behind a redirect."""

    page: bytes | None = b""

    def do_GET(self) -> None:
        moved, page = self.path == "/old", type(self).page
        self.send_response(302 if moved else 404 if page is None else 200)
        if moved:
            self.send_header("Location", "/anvils.html")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"" if moved else page or b"")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def says(weight: int) -> None:
    text = f"<nav>Home</nav><main><h1>Anvils</h1><p>An anvil weighs {weight} kilograms.</p></main><script>x</script>"
    Site.page = f"<html><head><title>All about anvils</title></head><body>{text}</body></html>".encode()


@pytest.fixture
def address(settings) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    settings.ATRIUM_NETWORK_ALLOW, settings.ATRIUM_NETWORK_PORTS = ["127.0.0.1"], (server.server_port,)
    yield f"http://127.0.0.1:{server.server_port}/old"
    server.shutdown()
    thread.join()
    server.server_close()


def taken_in(document: Document) -> Document:
    ingest_document(document.pk)
    document.refresh_from_db()
    return document


def test_a_page_in_the_web_is_fetched_read_and_found_and_later_fetched_anew(library, address):
    says(50)
    document = taken_in(add_address(library.editor, library.collection.pk, address))
    assert (document.status, document.error, document.origin, document.source) == ("ready", "", "url", address)
    assert "An anvil weighs 50 kilograms." in document.text
    assert "<script>" not in document.text
    assert document.size == len(Site.page or b"")
    assert get_original(library.reader, document.pk).content == Site.page
    assert set(library.found("weight of an anvil in kilograms")) == {document.title}

    says(60)
    again = taken_in(reprocess_document(library.editor, document.pk))
    assert (again.status, "60 kilograms" in again.text) == ("ready", True)

    Site.page = None
    gone = taken_in(reprocess_document(library.editor, document.pk))
    assert (gone.status, gone.error_code) == ("failed", "url_answered_with_error")
    assert "60 kilograms" in gone.text  # what was there before goes on answering
