"""docs/reference/openai-api.md: its commands and its program, run as the page says against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

from tests.acceptance.local_address import answers_at_127_0_0_1
from tests.acceptance.markdown_blocks import FENCE

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "openai-api.md"


def code(language: str) -> list[str]:
    return [block[2] for block in FENCE.finditer(PAGE.read_text()) if block[1] == language]


async def printed(server, acme, *command: str) -> str:
    """What the command prints, with the page's two variables set."""
    variables = {"OPENAI_BASE_URL": f"http://127.0.0.1:{server.port}/v1", "OPENAI_API_KEY": acme.api_key}
    async with answers_at_127_0_0_1(acme):
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        text, _ = await process.communicate()
    assert process.returncode == 0, text.decode()
    return text.decode()


async def test_the_commands_list_the_models_and_get_an_answer(server, acme):
    exports, calls = code("sh")
    assert exports.count("export ") == 2
    assert shutil.which("curl"), "The page's commands need curl."
    models, answer = [json.loads(await printed(server, acme, "sh", "-c", call)) for call in calls.splitlines()]
    assert "docs_assistant" in [model["id"] for model in models["data"]]
    assert answer["choices"][0]["message"]["content"]


async def test_the_program_lists_the_models_asks_and_streams(server, acme):
    [program] = code("python")
    text = await printed(server, acme, sys.executable, "-c", program)
    assert "docs_assistant" in text.splitlines()[0]
    assert text.splitlines()[-1].endswith(" tokens")
