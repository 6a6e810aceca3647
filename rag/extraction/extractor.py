"""Documents are handed to processes that may do nothing but read them, and what they make of them is taken back."""

from __future__ import annotations

import atexit
import contextlib
import logging
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from django.conf import settings

from rag.exceptions import DamagedDocument, DocumentTooComplex, DocumentTooLong, DocumentTooSlow, ReadingInterrupted
from rag.extraction.child import READY, STATUS
from rag.extraction.limits import MB, Limits
from rag.extraction.protocol import Reading, Request, pack_request, unpack_answer

log = logging.getLogger(__name__)

_START_SECONDS = 60.0
_GRACE = 5.0  # seconds beyond its time that a reading gets to end itself
_PIECE = 256 * 1024  # bytes
_ROOTS = Path(__file__).parents[2]


class Extractor:
    """Reads documents, each in a process of its own. At most ``at_once`` run at a time; further callers wait."""

    def __init__(self, limits: Limits, at_once: int) -> None:
        self.limits = limits
        self._free = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._home: _Home | None = None

    def extract(self, request: Request) -> Reading:
        """The document's text and chunks. Raises a subclass of ``UnreadableDocument``."""
        with self._free:
            work, status = self._begin()
            with work, status:
                answer = self._exchange(work, request)
                ended = self._ending(status)
        if ended == 0:
            return unpack_answer(answer)
        raise _reason(ended)

    def close(self) -> None:
        """End all processes. The next document starts them anew."""
        with self._lock:
            if self._home is not None:
                self._home.close()
                self._home = None

    def _begin(self) -> tuple[socket.socket, socket.socket]:
        """A process for one document; what starts them is started when there is none, or none any more."""
        for attempt in range(2):
            with self._lock:
                if self._home is None:
                    self._home = _Home(self.limits)
                home = self._home
                try:
                    return home.begin()
                except OSError:
                    home.close()
                    self._home = None
                    if attempt:
                        raise
        raise AssertionError

    def _exchange(self, work: socket.socket, request: Request) -> bytes:
        """Send the document and take what comes back. Empty where the process ended before it had answered."""
        deadline = time.monotonic() + self.limits.seconds + _GRACE
        work.settimeout(self.limits.seconds + _GRACE)
        received = bytearray()
        try:
            work.sendall(pack_request(request))
            work.sendall(request.content)
            while piece := work.recv(_PIECE):
                received += piece
                if len(received) > self.limits.output:
                    raise DocumentTooLong
                if time.monotonic() > deadline:
                    break
        except OSError:  # it has ended, or does not end: its status tells
            return b""
        return bytes(received)

    def _ending(self, status: socket.socket) -> int:
        """How the process ended, as ``os.waitpid`` tells it. One that does not end is ended with all others."""
        ready, _, _ = select.select([status], [], [], _GRACE)
        told = status.recv(STATUS.size) if ready else b""
        if len(told) == STATUS.size:
            return int(STATUS.unpack(told)[0])
        self.close()
        return -1


class _Home:
    """The process that the readers are copies of, and the folder that is all of the disk that it knows."""

    def __init__(self, limits: Limits) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="atrium-reading-")
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                [
                    *(sys.executable, "-P", "-m", "rag.extraction.child"),
                    *(str(theirs.fileno()), str(limits.memory), str(limits.seconds)),
                ],
                cwd=self._folder.name,
                env=self._environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._control.settimeout(_START_SECONDS)
        if self._control.recv(len(READY)) != READY:
            self.close()
            raise OSError("the process that reads documents does not start")

    def begin(self) -> tuple[socket.socket, socket.socket]:
        """A new reader: the ends for its document and for how it ended. Raises ``OSError`` where none is there."""
        work, their_work = socket.socketpair()
        status, their_status = socket.socketpair()
        with their_work, their_status:
            try:
                socket.send_fds(self._control, [b"r"], [their_work.fileno(), their_status.fileno()])
            except OSError:
                work.close()
                status.close()
                raise
        return work, status

    def close(self) -> None:
        """End it and its copies, and remove its folder."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)  # the copies end with it
        self._process.wait()
        self._folder.cleanup()

    def _environment(self) -> dict[str, str]:
        """No variable of the worker's: among them are its keys."""
        return {
            "PYTHONPATH": str(_ROOTS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": self._folder.name,
            "TMPDIR": self._folder.name,
            "MALLOC_ARENA_MAX": "2",
            "RAYON_NUM_THREADS": "1",
            "TOKIO_WORKER_THREADS": "1",
            "LC_ALL": "C.UTF-8",
        }


@cache
def get_extractor() -> Extractor:
    """The process's own, with the limits that the settings name."""
    limits = Limits(settings.ATRIUM_EXTRACTION_MEMORY_MB * MB, settings.ATRIUM_EXTRACTION_SECONDS)
    extractor = Extractor(limits, settings.ATRIUM_EXTRACTION_PROCESSES)
    atexit.register(extractor.close)
    return extractor


def _reason(ended: int) -> Exception:
    """Why a reading has ended without an answer."""
    by = ended & 0x7F if ended > 0 else 0
    if by in (signal.SIGALRM, signal.SIGXCPU) or ended == -1:
        return DocumentTooSlow()
    if by in (signal.SIGABRT, signal.SIGKILL):  # what Rust and C++ do without memory, and what the system does
        return DocumentTooComplex()
    return DamagedDocument() if by else ReadingInterrupted()
