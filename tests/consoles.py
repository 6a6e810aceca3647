"""A console as a person without JavaScript uses it: pages are read, forms are filled in and sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from tests.factories import PASSWORD

PUBLIC_HOST = "localhost"


@dataclass
class Console:
    """One person's way through one host's console."""

    client: httpx.AsyncClient

    async def open(self, path: str = "") -> httpx.Response:
        """A page below ``/admin/``."""
        return await self.client.get(f"/admin/{path}")

    async def send(self, path: str, files: Any = None, **fields: Any) -> httpx.Response:
        """Open the form at ``path`` and send it with the hidden fields that it has."""
        page = await self.open(path)
        assert page.status_code == 200, f"{path}: {page.status_code}"
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', page.text))
        return await self.client.post(f"/admin/{path}", data={**hidden, **fields}, files=files)

    async def sign_in(self, username: str, password: str = PASSWORD) -> httpx.Response:
        """Through the console's own login form."""
        return await self.send("login/", username=username, password=password)
