"""A model server that plays from a script: aimock, over real HTTP, as an OpenAI-compatible server.

``play`` gives it the answers of a test; ``asked`` tells what it was asked. One process serves all tests.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.nodejs import node

CLI = Path(__file__).parent / "node" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
LISTENING = re.compile(r"listening on (http://\S+)")


class ModelServer:
    """A running server: its address, what it is to answer and what it was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.base_url = f"{address}/v1"

    def play(self, *fixtures: dict[str, Any]) -> None:
        """Answer from these fixtures (aimock's own form), the first that matches; unmatched requests get 404."""
        self._control("POST", "fixtures", json={"fixtures": list(fixtures)})

    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests since ``forget``, oldest first."""
        entries = httpx.get(f"{self.address}/__aimock/journal", timeout=10).json()
        return [entry["body"] for entry in entries if entry["path"] == "/v1/chat/completions"]

    def forget(self) -> None:
        """No answers, nothing asked."""
        self._control("POST", "reset")

    def _control(self, method: str, name: str, **more: Any) -> None:
        httpx.request(method, f"{self.address}/__aimock/{name}", timeout=10, **more).raise_for_status()


@contextmanager
def running(folder: Path) -> Iterator[ModelServer]:
    """A server on a free port, until the block ends; ``folder`` takes its log."""
    if not CLI.exists():
        raise RuntimeError("The model server is not installed: make test does it, or npm ci --prefix tests/node.")
    (folder / "none.json").write_text('{"fixtures": []}')
    log = folder / "log.txt"
    with log.open("w") as writing:
        command = [node(), str(CLI), "-p", "0", "-f", str(folder / "none.json")]
        process = subprocess.Popen(command, stdout=writing, stderr=subprocess.STDOUT)
    try:
        yield ModelServer(_address(process, log))
    finally:
        process.kill()
        process.wait(timeout=10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        found = LISTENING.search(log.read_text())
        if found:
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"The model server did not start: {log.read_text()}")


# -- fixtures, in aimock's form


def says(text: str, question: str = "", **more: Any) -> dict[str, Any]:
    """The model answers with text. ``question`` is a part of the person's message."""
    return _fixture({"content": text}, question, more)


def calls(*tool_calls: tuple[str, dict[str, Any]], question: str = "", **more: Any) -> dict[str, Any]:
    """The model calls tools, where none has answered yet in this turn."""
    wanted = [{"name": name, "arguments": arguments} for name, arguments in tool_calls]
    fixture = _fixture({"toolCalls": wanted}, question, more)
    fixture["match"]["hasToolResult"] = False
    return fixture


def fails(status: int, message: str = "refused", **more: Any) -> dict[str, Any]:
    """The server answers with an error."""
    return _fixture({"error": {"message": message, "type": "server_error"}, "status": status}, "", more)


def _fixture(response: dict[str, Any], question: str, more: dict[str, Any]) -> dict[str, Any]:
    match = {"endpoint": "chat", **({"userMessage": question} if question else {})}
    return {"match": match, "response": response, **more}
