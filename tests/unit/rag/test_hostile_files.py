"""Whatever is handed in ends as read, or with a reason; in little memory, soon, and without a trace elsewhere."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rag.exceptions import DocumentTooComplex, DocumentTooSlow, UnreadableDocument
from rag.extraction import sandbox
from rag.extraction.extractor import Extractor
from rag.extraction.limits import MB, Limits
from rag.extraction.protocol import Request, unpack_answer
from tests.hostile_files import all_of_them
from tests.office_files import deflated, docx, pdf

ENOUGH = Limits(memory=500 * MB, seconds=20)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    extractor = Extractor(ENOUGH, at_once=2)
    yield extractor
    extractor.close()


def outcome(extractor: Extractor, content: bytes, name: str) -> tuple[str, str]:
    """ "ready" and the text, or the code and the reason."""
    try:
        reading = extractor.extract(Request(content, name))
    except UnreadableDocument as error:
        return error.code, error.detail
    for draft in reading.drafts:
        assert reading.text[draft.start : draft.end] == draft.text
    return "ready", reading.text + reading.title


def test_each_hostile_file_ends_as_ready_or_with_a_reason(extractor, tmp_path):
    cases = list(all_of_them())
    assert len(cases) >= 40
    wrong = []
    for case in cases:
        code, said = outcome(extractor, case.make(), case.name)
        if code not in case.expected or not said:
            wrong.append(f"{case.what}: {code} ({said[:80]}), not {' or '.join(case.expected)}")
        if code == "ready" and case.not_in_text and case.not_in_text in said:
            wrong.append(f"{case.what}: {case.not_in_text!r} is in the text")
    assert wrong == []
    assert not Path("/tmp/atrium-was-here").exists()
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert largest == 0 or psutil.Process().memory_info().rss < 4 * ENOUGH.memory


def test_the_next_document_is_read_after_one_that_took_all_memory():
    extractor = Extractor(Limits(memory=350 * MB, seconds=20), at_once=1)
    try:
        with pytest.raises(DocumentTooComplex):
            extractor.extract(Request(pdf([], streams=deflated(300 * MB)), "bomb.pdf"))
        assert outcome(extractor, b"# Pumps\n\nWater.", "a.md")[0] == "ready"
    finally:
        extractor.close()


def test_a_document_that_takes_too_long_is_given_up():
    extractor = Extractor(Limits(memory=ENOUGH.memory, seconds=0.2), at_once=1)
    try:
        with pytest.raises(DocumentTooSlow):
            extractor.extract(Request(b"a, b. " * 1_500_000, "a.txt"))
    finally:
        extractor.close()


def test_who_reads_is_started_anew_when_it_was_ended(extractor):
    assert outcome(extractor, b"Water.", "a.txt")[0] == "ready"
    extractor._home._process.kill()
    extractor._home._process.wait()
    assert outcome(extractor, b"Water.", "a.txt")[0] == "ready"


def test_an_answer_that_is_no_answer_is_not_believed():
    for answer in (b"", b"[]", b"{}", b'{"title": 1}', b'{"code": "os.system", "detail": "x"}'):
        with pytest.raises(UnreadableDocument):
            unpack_answer(answer)


def test_nothing_of_the_worker_is_in_the_environment_of_who_reads(extractor):
    extractor.extract(Request(docx("Water."), "a.docx"))
    environment = psutil.Process(extractor._home._process.pid).environ()
    assert not [name for name in environment if "KEY" in name or "DATABASE" in name or "DJANGO" in name]


TRIES = """
import os, socket, sys
sys.path.insert(0, {root!r})
from rag.extraction.limits import Limits
from rag.extraction.sandbox import give_up_rights
passed, given = os.pipe()
give_up_rights(Limits())
tries = dict(
    read=lambda: open("/etc/hostname"), write=lambda: open({written!r}, "w"), network=socket.socket, fork=os.fork,
    run=lambda: os.execv("/bin/true", ["true"]), delete=lambda: os.unlink({kept!r}), rename=lambda: os.rename({kept!r},
    "x"), signal=lambda: os.kill(os.getppid(), 0), memory=lambda: bytearray(2 << 30),
)
for name, attempt in tries.items():
    try:
        attempt()
        print("allowed", name)
    except (OSError, MemoryError) as error:
        print(getattr(error, "errno", None), name)
"""


@pytest.mark.skipif(
    not sandbox.has_filter(),
    reason="missing: the filter for system calls (seccomp), which is for Linux on x86-64 or ARM64",
)
def test_who_reads_can_open_nothing_and_reach_nobody(tmp_path):
    kept, written = tmp_path / "kept", tmp_path / "written"
    kept.write_text("here")
    root = str(Path(__file__).resolve().parents[3])
    script = TRIES.format(root=root, kept=str(kept), written=str(written))
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    lines = told.stdout.split("\n")[:-1]
    assert len(lines) == 9, told.stderr
    assert [line for line in lines if not line.startswith((str(errno.EPERM), "None memory"))] == []
    assert kept.read_text() == "here"
    assert not written.exists()
    with socket.socket():
        assert os.getpid()  # and this process may do all of it
