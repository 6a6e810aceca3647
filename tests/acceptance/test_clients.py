"""The clients of docs/how-to/clients.md: generated, checked and run as the page says, against a real server."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import nodejs
from tests.acceptance.local_address import answers_at_127_0_0_1
from tests.acceptance.markdown_blocks import FENCE
from tests.documents import add_ready_document

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "clients.md"
REFUNDS = "# Refund policy\n\nA customer may return any anvil within 90 days. Refunds are paid in gold coins.\n"
FETCHES = ("export ", "curl ", "npm install", "pip install")  # what the page needs the network for, or the reader


def chapter(title: str) -> str:
    return PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def code(text: str, language: str) -> list[str]:
    return [block[2] for block in FENCE.finditer(text) if block[1] == language]


def commands(text: str) -> list[list[str]]:
    """The chapter's shell commands, as they are called here."""
    lines = [line for block in code(text, "sh") for line in block.splitlines()]
    return [_here(shlex.split(line)) for line in lines if not line.startswith(FETCHES)]


def _here(command: list[str]) -> list[str]:
    program, *arguments = command
    if program == "npx":
        return [*nodejs.tool(arguments[0]), *arguments[1:]]
    here = {"node": nodejs.node(), "python": sys.executable}
    return [here.get(program, str(Path(sys.executable).parent / program)), *arguments]


@pytest.fixture
async def folder(server, acme, tmp_path) -> AsyncIterator[Path]:
    """A folder with the server's document in it, while acme also answers at 127.0.0.1, which every program can find."""
    await acme.run(lambda: add_ready_document(acme, REFUNDS, source="refunds.md"))
    async with answers_at_127_0_0_1(acme):
        async with server.client("127.0.0.1") as client:
            (tmp_path / "openapi.json").write_bytes((await client.get("/api/openapi.json")).content)
        yield tmp_path


async def follow(text: str, folder: Path, port: int, key: str) -> str:
    """Run the chapter's commands one after the other; what the last one printed."""
    environment = {
        **os.environ,
        "ATRIUM_URL": f"http://127.0.0.1:{port}",
        "ATRIUM_KEY": key,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # the generator calls ruff
    }
    printed = b""
    for command in commands(text):
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0, f"{command}\n{printed.decode()}"
    return printed.decode()


async def test_the_typescript_client_asks_and_gets_an_answer(server, acme, folder):
    text = chapter("TypeScript")
    (folder / "node_modules").symlink_to(nodejs.TOOLS / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.ts").write_text(code(text, "ts")[0])
    printed = await follow(text, folder, server.port, acme.api_key)
    assert "90 days" in printed
    assert "From TypeScript" in printed


async def test_the_typescript_client_does_not_compile_with_a_misspelt_field(server, acme, folder):
    text = chapter("TypeScript")
    (folder / "node_modules").symlink_to(nodejs.TOOLS / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.ts").write_text(code(text, "ts")[0].replace("assistant_id:", "assistant:"))
    with pytest.raises(AssertionError, match="'assistant' does not exist"):
        await follow(text, folder, server.port, acme.api_key)


async def test_the_python_client_asks_and_gets_an_answer(server, acme, folder):
    text = chapter("Python")
    (folder / "ask.py").write_text(code(text, "python")[0])
    printed = await follow(text, folder, server.port, acme.api_key)
    assert "90 days" in printed
    assert "From Python" in printed


async def test_the_python_client_gets_a_refusal_as_a_problem(server, acme, folder):
    text = chapter("Python")
    (folder / "ask.py").write_text(code(text, "python")[0])
    with pytest.raises(AssertionError, match="wrong_api_key: This API key is unknown here"):
        await follow(text, folder, server.port, "atr_wrong")
