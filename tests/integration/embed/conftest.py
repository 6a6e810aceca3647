"""A site of acme's, and pages that talk to it as browsers do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest

from assistants import AIAssistant, assistants
from embed.models import Site
from embed.use_cases.sites import new_identity_secret, save_site
from tests.integration.atrium.conftest import operator  # noqa: F401  the fixture
from tests.played_model import PlayedModel
from tests.somewhere import Helper

SHOP = "https://shop.example.com"
BLOG = "https://blog.example.com"
EVIL = "https://evil.example.net"


@dataclass
class Page:
    """A web page of some origin in a browser, with a chat that speaks to ``client``'s host."""

    client: httpx.AsyncClient
    key: str
    origin: str = SHOP
    session: dict[str, Any] = field(default_factory=dict)

    async def begin(self, **more: Any) -> httpx.Response:
        """Ask for a session; the answer is kept where it is one."""
        answer = await self.client.post("/embed/session/", json={"key": self.key, **more}, headers=self.headers)
        if answer.status_code == 201:
            self.session = answer.json()
        return answer

    @property
    def headers(self) -> dict[str, str]:
        return {"Origin": self.origin}

    @property
    def signed_in(self) -> dict[str, str]:
        return {**self.headers, "Authorization": f"Bearer {self.session['token']}"}

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.signed_in)

    async def thread(self) -> str:
        """A new conversation."""
        answer = await self.client.post("/api/threads/", json={"assistant_id": "greeter"}, headers=self.signed_in)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def ask(self, thread_id: str, content: str = "Hello?", **headers: str) -> httpx.Response:
        body = {"assistant_id": "greeter", "content": content}
        url = f"/api/threads/{thread_id}/messages/"
        return await self.client.post(url, json=body, headers={**self.signed_in, **headers})

    async def threads(self) -> list[str]:
        return [thread["id"] for thread in (await self.get("/api/threads/")).json()]


@dataclass
class Shop:
    """Acme's site."""

    server: Any
    tenant: Any
    site: Site
    secret: str

    def page(self, origin: str = SHOP, tenant: Any = None) -> Page:
        """A page in a browser of its own."""
        return Page(self.server.client((tenant or self.tenant).host), self.site.public_key, origin)

    def identity(self, subject: str = "ada", jti: str = "", **more: Any) -> str:
        """What the tenant's server says of somebody."""
        now = int(time.time())
        claims = {"aud": self.site.public_key, "sub": subject, "iat": now, "exp": now + 300}
        jti = jti or f"{subject}-{time.perf_counter_ns()}"
        return jwt.encode({**claims, "jti": jti, **more}, self.secret, algorithm="HS256")

    async def change(self, **fields: Any) -> None:
        await self.tenant.run(lambda: Site.objects.filter(pk=self.site.pk).update(**fields))


@pytest.fixture
def greeter(monkeypatch) -> Iterator[None]:
    """Two assistants for this test; a model that says Welcome answers in all of them."""
    known = AIAssistant.get_cls_registry()
    before = dict(known)
    model = PlayedModel(answers=["Welcome."] * 50)
    monkeypatch.setattr(assistants, "chat_model", lambda *args, **kwargs: model)

    class Greeter(Helper):
        id = "greeter"
        name = "Greeter"

    class Other(Helper):
        id = "other"
        name = "Other"

    yield
    known.clear()
    known.update(before)


@pytest.fixture
async def shop(server, acme, greeter) -> Shop:

    def make() -> tuple[Site, str]:
        site = Site(name="Shop", assistant_id="greeter", origins=[SHOP, "https://*.pages.example.com"], greeting="Hi!")
        save_site(acme.actor(acme.owner), site)
        return site, new_identity_secret(acme.actor(acme.owner), site)

    site, secret = await acme.run(make)
    return Shop(server, acme, site, secret)
