"""The process that reads documents: one that stays and knows the libraries, and a copy of it for each document.

``python -m rag.extraction.child SOCKET MEMORY SECONDS`` is started by ``rag.extraction.extractor``, without any
variable or file of the worker's. For each document it gets two ends of sockets, one for the document and what comes of
it, one for how the reading ended. It never looks at a document itself: it forks, and the copy gives up its rights,
reads one document, answers and ends. So nothing of one tenant is ever in the memory in which another's is read.
"""

from __future__ import annotations

import contextlib
import ctypes
import encodings
import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
from pathlib import Path

from rag.exceptions import DamagedDocument, DocumentTooComplex, UnreadableDocument
from rag.extraction.limits import Limits
from rag.extraction.protocol import HEAD_SIZE, lengths_of, pack_reading, pack_refusal, unpack_request
from rag.extraction.sandbox import die_with_parent, give_up_rights
from rag.ingest.parse import read
from rag.ingest.split import split

READY = b"ready"
STATUS = struct.Struct("!i")
_TINY_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>"
)


def main() -> None:
    """Serve until the worker closes its end."""
    control = socket.socket(fileno=int(sys.argv[1]))
    limits = Limits(memory=int(sys.argv[2]), seconds=float(sys.argv[3]))
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which finishes what it is doing
    _load_libraries()
    gc.freeze()  # what is there stays, and the copies need not write to it
    control.sendall(READY)
    _serve(control, limits)


def _load_libraries() -> None:
    """Load all that the copies will need: they cannot open a file any more.

    kreuzberg unpacks what reads PDFs into the temporary folder when it sees the first one. That is done in a copy,
    because it starts threads, which a fork would not take along.
    """
    import kreuzberg  # noqa: F401  (for the copies)

    for codec in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # Windows has some of its own
            importlib.import_module(f"encodings.{codec.name}")
    copy = os.fork()
    if copy == 0:
        with contextlib.suppress(BaseException):
            read(_TINY_PDF)
        os._exit(0)
    os.waitpid(copy, 0)
    for library in Path(os.curdir).rglob("*pdfium*.*"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(str(library.resolve()))


def _serve(control: socket.socket, limits: Limits) -> None:
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            woken.recv(1024)
            _tell_ended(running)
        if control in ready:
            message, ends, _, _ = socket.recv_fds(control, 1, 2)
            if not message:
                return
            work, status = (socket.socket(fileno=end) for end in ends)
            copy = os.fork()
            if copy == 0:
                _read_one(work, limits)
            work.close()
            running[copy] = status


def _tell_ended(running: dict[int, socket.socket]) -> None:
    while running:
        copy, status = os.waitpid(-1, os.WNOHANG)
        if not copy:
            return
        with running.pop(copy) as told, contextlib.suppress(OSError):
            told.sendall(STATUS.pack(status))


def _read_one(work: socket.socket, limits: Limits) -> None:
    """The copy's whole life. Never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        die_with_parent()
        give_up_rights(limits)
        answer = _answer(work)
        work.sendall(answer)
        code = 0
    finally:
        os._exit(code)


def _answer(work: socket.socket) -> bytes:
    try:
        facts_length, content_length = lengths_of(_receive(work, HEAD_SIZE))
        facts = _receive(work, facts_length)
        request = unpack_request(facts, _receive(work, content_length))
        parsed = read(request.content, request.name, request.told)
        return pack_reading(parsed, split(parsed, request.target_tokens, request.overlap_tokens))
    except UnreadableDocument as error:
        return pack_refusal(error)
    except (MemoryError, RecursionError):
        return pack_refusal(DocumentTooComplex())
    except BaseException:  # also what Rust calls a panic, which is no Exception
        return pack_refusal(DamagedDocument())


def _receive(work: socket.socket, length: int) -> bytes:
    received = bytearray(length)
    view, place = memoryview(received), 0
    while place < length:
        count = work.recv_into(view[place:])
        if not count:
            raise EOFError
        place += count
    view.release()
    return bytes(received)


if __name__ == "__main__":
    main()
