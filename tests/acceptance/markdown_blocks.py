"""A page's fenced blocks, and what stands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/]+\.py)")


@dataclass(frozen=True)
class Block:
    """A block: its language, its text, and the page's line that it begins on."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str:
        """The file that a block of Python names in its first line; empty if it names none."""
        found = FILE.fullmatch(self.text.partition("\n")[0])
        return found[1] if found else ""

    @property
    def commands(self) -> list[str]:
        """A shell's commands; one that goes on in the next line is one."""
        return self.text.replace("\\\n", " ").splitlines()


def read_blocks(page: Path) -> list[Block]:
    """The blocks in their order."""
    text = page.read_text()
    return [Block(found[1], found[2], text.count("\n", 0, found.start()) + 1) for found in FENCE.finditer(text)]


@dataclass(frozen=True)
class Request:
    """What a ``curl`` line sends."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None


def read_curl(command: str) -> Request:
    """A ``curl`` line as a request. Raises ``ValueError`` for an option that curl may know and this does not."""
    name, *words = shlex.split(command)
    method, url, headers, body = "", "", {}, None
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            key, _, value = next(rest).partition(": ")
            headers[key] = value
        elif word == "-d":
            body = next(rest)
        elif word.startswith("-"):
            raise ValueError(f"{name} {word}")
        else:
            url = word
    return Request(method or ("GET" if body is None else "POST"), url, headers, body)
