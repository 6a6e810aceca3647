"""All tests, in two processes side by side: for most of their time tests wait, and one process leaves the rest idle.

``python -m tests.side_by_side`` is what ``make test`` runs; options are passed on to pytest. Each part has a
PostgreSQL, a model server and a pytest cache of its own, and keeps the order that it has when all tests run in one
process. The first part is shown while it runs, the second one when the first has ended. What failed runs once more,
alone. Exit code: 0 when all passed, if only then; 1 when a test failed twice; 2 when pytest itself could not go on.
"""

# ruff: noqa: T201 - it is run by make, and says what it did

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
OUTER = ("tests/acceptance", "tests/browser", "tests/faults")
PASSED, FAILED, BROKEN = 0, 1, 2
ALONE = "What failed runs once more, alone. A test that passes now depends on the clock or on its neighbours: mend it."


@dataclass(frozen=True)
class Part:
    """Some of the tests: what names them to pytest, and where pytest keeps what failed."""

    name: str
    choice: tuple[str, ...]

    def command(self, *options: str) -> list[str]:
        """Run these tests."""
        pytest = [sys.executable, "-m", "pytest", "--show-capture=no", "-o", f"cache_dir=.pytest_cache/{self.name}"]
        return [*pytest, *self.choice, *options]


PARTS = (
    Part("outer", OUTER),
    Part("inner", ("tests", *(f"--ignore={folder}" for folder in OUTER))),  # all others: none can be forgotten
)


def main(options: Sequence[str]) -> int:
    """Run all tests. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(BROKEN))  # by way of what ends the parts
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it, and its children would
    with postgres.server():
        pass  # the first one on a machine makes a user for it there, which only one of two at once can do
    return run(PARTS, options, at_once=_may_run_side_by_side())


def run(parts: Sequence[Part], options: Sequence[str] = (), *, at_once: bool = True, folder: Path = ROOT) -> int:
    """Run the parts in a folder, at once or one after the other, and then what failed. Returns the exit code."""
    codes = _side_by_side(parts, options, folder) if at_once else [_one(part, options, folder) for part in parts]
    if any(code not in (PASSED, FAILED) for code in codes):
        return BROKEN
    failed = [part for part, code in zip(parts, codes, strict=True) if code == FAILED]
    if failed:
        print(ALONE, flush=True)
    again = [_one(part, ["--last-failed", "--last-failed-no-failures=none", *options], folder) for part in failed]
    return FAILED if any(again) else PASSED


def _may_run_side_by_side() -> bool:
    """A server that was given has the roles of only one set of tenants; a single core has nothing to share."""
    return "ATRIUM_TEST_DATABASE_URL" not in os.environ and (os.cpu_count() or 1) > 1


def _one(part: Part, options: Sequence[str], folder: Path) -> int:
    with _started(part, options, folder, None) as process:
        return process.wait()


def _side_by_side(parts: Sequence[Part], options: Sequence[str], folder: Path) -> list[int]:
    shown, hidden = parts
    # A file and no pipe: a daemon that a test has left would hold a pipe open, and its reader would wait for that.
    with (
        tempfile.NamedTemporaryFile() as said,
        _started(shown, options, folder, None) as first,
        _started(hidden, options, folder, said) as second,
    ):
        codes = [first.wait()]
        print(f"\nThe other half of the tests, which ran at the same time ({hidden.name}):", flush=True)
        _follow(Path(said.name), second)
        return [*codes, second.wait()]


@contextmanager
def _started(
    part: Part, options: Sequence[str], folder: Path, output: IO[bytes] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """The part's process; it does not outlive the block, and gets time to put away what it has started."""
    process = subprocess.Popen(
        part.command(*options), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )
    try:
        yield process
    except KeyboardInterrupt:
        _end(process)  # Ctrl-C has reached it, too: told twice, it would leave things behind
        raise
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _follow(file: Path, process: subprocess.Popen[bytes]) -> None:
    """Print what the process writes to the file until it has ended."""
    with file.open("rb") as written:
        ended = False
        while not ended:
            ended = process.poll() is not None  # asked first: what it wrote last is read after it
            sys.stdout.buffer.write(written.read())
            sys.stdout.buffer.flush()
            if not ended:
                time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
