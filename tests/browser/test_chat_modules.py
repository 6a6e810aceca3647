"""The chat's source: its types hold, its modules pass their own tests, and what is committed was built from it."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

from tests.nodejs import TOOLS, node, tool

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "platform" / "embed" / "frontend"
BUILT = ROOT / "platform" / "embed" / "static" / "embed" / "dist"
MOST_BYTES = 35_000  # of script, styles and the words of one language, by gzip -9
TESTS = Path(__file__).parent / "js"


def run(*command: str) -> None:
    environment = {**os.environ, "NODE_PATH": str(TOOLS / "node_modules")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_types_hold():
    run(*tool("tsc"), "-p", str(SOURCE))


def test_what_is_committed_is_what_the_source_builds(tmp_path):
    run(node(), str(SOURCE / "build.mjs"), str(tmp_path))
    built, committed = files_in(tmp_path), files_in(BUILT)
    stale = sorted(name for name in built.keys() | committed.keys() if built.get(name) != committed.get(name))
    assert not stale, "Run `make frontend` and commit what it builds."


def test_a_page_loads_at_most_35_kb_in_any_language():
    words = {file.stem: packed(file) for file in (BUILT / "locales").glob("*.js")}
    assert len(words) >= 8
    heaviest = max(words, key=lambda tag: words[tag])
    for page in ("members", "frame"):
        whole = packed(BUILT / f"{page}.js") + packed(BUILT / f"{page}.css") + words[heaviest]
        assert whole <= MOST_BYTES, f"{page} and its words in {heaviest!r} weigh {whole:,} bytes gzip."


def packed(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def test_the_modules_pass_their_own_tests(tmp_path):
    bundled = ("--bundle", "--platform=node", "--format=esm", "--out-extension:.js=.mjs", f"--outdir={tmp_path}")
    run(*tool("esbuild"), *sorted(map(str, TESTS.glob("*.test.mjs"))), *bundled, "--log-level=warning")
    built = sorted(map(str, tmp_path.glob("*.test.mjs")))
    assert len(built) == len(list(TESTS.glob("*.test.mjs"))) > 0
    run(node(), "--test", *built)
