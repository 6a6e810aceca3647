"""Measure Atrium beside the peer with the harness in ../shared/bench: `make bench-peer`.

    python -m benchmarks.peer [quick|full] [--sign-in session|key]

The harness starts PostgreSQL, a fake model and the peer with two processes; Atrium gets two processes on the same
PostgreSQL. Both are measured cell by cell in turn, so that a busy machine hits both alike: trust the ratios. Writes
build/bench/peer.json and, beside it, all that the harness wrote. ``quick`` takes about four minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from atrium.env import child_environment
from benchmarks.peer_report import counted, figures, table

ROOT = Path(__file__).resolve().parents[1]
HARNESS = ROOT.parent / "shared" / "bench"
OUT = ROOT / "build" / "bench"
POOLS = {"quick": "10:60,100:40,1000:20", "full": "10:1000,100:300,1000:60"}  # messages:threads, so that none is busy

# The harness takes no other answer than the peer's 200 for a new thread; Atrium's is 201, as HTTP says it.
EXPECTS_200 = 'await c.request("POST", f"{self.prefix}/threads/", {"name": f"{name} {i}"})\n            assert s == 200'


def main() -> None:
    """Run the harness, print the ratios, and end with 1 when an aim was missed."""
    options = _options()
    if not (HARNESS / "run.sh").exists():
        sys.exit(f"bench-peer: the harness is not here; it is expected in {os.path.relpath(HARNESS, ROOT)}")
    work = Path(tempfile.mkdtemp(prefix="atrium-bench-peer-"))
    try:
        _run_harness(_copy_of_harness(work / "harness"), options)
    finally:
        _end_server(OUT / "atrium.pid")
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(0 if _report() else 1)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-peer")
    options.add_argument("mode", nargs="?", choices=("quick", "full"), default="quick")
    options.add_argument("--sign-in", choices=("session", "key"), default="session")
    options.add_argument("--home", type=Path, help="the harness' own environment, kept between runs")
    options.add_argument("--args", default="", help="options for the harness' bench.py (they win)")
    return options.parse_args()


def _copy_of_harness(folder: Path) -> Path:
    shutil.copytree(HARNESS, folder)
    script = folder / "bench.py"
    script.chmod(0o644)
    text = script.read_text()
    if EXPECTS_200 not in text:
        sys.exit("bench-peer: ../shared/bench/bench.py has changed; see EXPECTS_200 in benchmarks/peer.py")
    script.write_text(text.replace(EXPECTS_200, EXPECTS_200.replace("s == 200", "s in (200, 201)")))
    return folder


def _run_harness(harness: Path, options: argparse.Namespace) -> None:
    home = options.home or Path(tempfile.gettempdir()) / "atrium-bench"
    target, pools = OUT / "atrium.json", POOLS[options.mode]
    start = ["env", f"PYTHONPATH={ROOT / 'platform'}{os.pathsep}{ROOT}"]
    start += [sys.executable, "-m", "benchmarks.peer_server", "--out", str(target), "--pools", pools]
    start += ["--sign-in", options.sign_in]
    count = [str(home / "venv" / "bin" / "python"), "count_queries.py", "--target", str(target)]
    count += ["--pg", str(home / "run" / "pg"), "-v"]
    hook = [
        f'(cd {shlex.quote(str(ROOT))} && {shlex.join(start)} --postgres "$PEER_DATABASE_URI")',
        f"for time in 1 2 3; do {shlex.join(count)} || exit 1; done > {shlex.quote(str(OUT / 'queries-atrium.txt'))}",
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["./run.sh", *(["quick"] if options.mode == "quick" else [])],
        cwd=harness,
        env=child_environment(
            BENCH_HOME=str(home),
            OUT=str(OUT),
            HOOK=" && ".join(hook),
            EXTRA=f"--target {target}",
            BENCH_ARGS=options.args,
        ),
        check=True,
    )


def _end_server(pidfile: Path) -> None:
    if pidfile.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
        pidfile.unlink()


def _report() -> bool:
    results = json.loads((OUT / "results.json").read_text())
    found = figures(results, counted((OUT / "queries-atrium.txt").read_text()))
    (OUT / "peer.json").write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *table(results), "", *map(str, found), sep="\n")
    print(f"\nwritten: {(OUT / 'peer.json').relative_to(ROOT)}; all cells: {(OUT / 'results.md').relative_to(ROOT)}")
    return all(figure.holds for figure in found)


if __name__ == "__main__":
    main()
