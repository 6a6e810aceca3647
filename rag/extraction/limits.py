"""What the process that reads one document may use."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """``memory`` and ``output`` in bytes, ``seconds`` from its start to its end."""

    memory: int = 1024 * MB
    seconds: float = 60.0
    output: int = 64 * MB
