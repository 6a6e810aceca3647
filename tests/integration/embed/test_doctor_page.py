"""The snippet doctor, in the console and for programs: it reads a real page and says what keeps the chat away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from embed.models import Site
from embed.snippet import snippet_of
from embed.use_cases import examine_page
from tenants.keys import create_api_key
from tenants.scopes import ADMIN_SCOPE
from tests.consoles import Console
from tests.factories import make_member

DOCTOR = "embed/site/shop/doctor/"


class Pages(BaseHTTPRequestHandler):
    """A tenant's web server: ``pages`` are HTML and headers by path; what is not there is a 404."""

    pages: dict[str, tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        html, headers = self.pages.get(self.path, ("", {}))
        self.send_response(302 if "Location" in headers else 200 if self.path in self.pages else 404)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(html.encode())))
        self.end_headers()
        self.wfile.write(html.encode())

    def log_message(self, *_: object) -> None:
        """Nothing to the test's output."""


@pytest.fixture
def web(settings) -> Iterator[tuple[str, dict[str, tuple[str, dict[str, str]]]]]:
    """The address of a web server of this machine, which an operator has allowed, and its pages."""
    settings.ATRIUM_NETWORK_ALLOW = ["127.0.0.1"]
    pages: dict[str, tuple[str, dict[str, str]]] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OurPages", (Pages,), {"pages": pages}))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def owners(server, acme) -> Console:
    console = Console(server.client(acme.host))
    await console.sign_in("owner")
    return console


async def test_a_page_is_read_and_what_is_wrong_is_said(owners, acme, server, web):
    origin, pages = web
    site = await acme.run(lambda: Site.objects.create(id="shop", name="Shop", assistant_id="x", origins=[origin]))
    form = (await owners.open("embed/site/shop/change/")).text
    assert f"/admin/{DOCTOR}" in form
    [snippet] = re.findall(r'data-testid="snippet">(.*?)</pre>', form, re.S)
    snippet = snippet.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert site.public_key in snippet
    pages |= {
        "/right": (snippet, {}),
        "/moved": ("", {"Location": "/policy"}),
        "/policy": (snippet, {"Content-Security-Policy": "default-src 'self'"}),
        "/text": ("x", {"Content-Type": "text/plain"}),
        "/without": ("<p>Nothing here</p>", {}),
    }

    async def found(path: str, base: str = origin) -> list[str]:
        answer = await owners.send(DOCTOR, address=base + path)
        assert answer.status_code == 200
        return re.findall(r'data-code="(\w+)"', answer.text)

    assert await found("/right") == []
    assert await found("/moved") == ["csp_script", "csp_frame"]
    assert await found("/without") == ["snippet_missing"]
    assert [await found(path) for path in ("/text", "/gone")] == [["not_reached"]] * 2
    assert await found("", base="http://169.254.169.254/") == ["not_reached"]
    assert await found("", base="file:///etc/passwd") == ["not_reached"]
    await acme.run(lambda: Site.objects.update(enabled=False, origins=["https://shop.example.com"]))
    assert await found("/right") == ["site_closed", "origin_not_allowed"]


async def test_only_who_manages_chats_may_send_the_doctor_anywhere(owners, acme, globex, server):
    await acme.run(lambda: Site.objects.create(id="shop", name="Shop", assistant_id="x", origins=["https://a.example"]))
    await acme.run(lambda: make_member("editor", "Editor", is_staff=True))
    editors, neighbours = Console(server.client(acme.host)), Console(server.client(globex.host))
    await editors.sign_in("editor")
    await neighbours.sign_in("owner")
    assert (await editors.open(DOCTOR)).status_code == 403
    assert (await neighbours.open(DOCTOR)).status_code == 404
    assert (await owners.open("embed/site/nothing/doctor/")).status_code == 404


async def test_a_pipeline_asks_for_the_same_with_a_key(owners, acme, globex, server, web, monkeypatch):
    origin, pages = web
    site = await acme.run(lambda: Site.objects.create(id="shop", name="Shop", assistant_id="x", origins=[origin]))

    async def ask(tenant, user, scope: str, address: str, site_id: str = "shop"):
        _, secret = await tenant.run(lambda: create_api_key("pipeline", user, scopes=[scope]))
        client = server.client(tenant.host, Authorization=f"Bearer {secret}")
        return await client.post(f"/api/sites/{site_id}/doctor/", json={"address": address})

    snippet = snippet_of(site, f"http://{acme.host}:{server.port}")
    pages |= {
        "/right": (snippet, {}),
        "/hint": (snippet.replace("async ", ""), {}),
        "/policy": (snippet, {"Content-Security-Policy": "script-src 'nonce-abc' 'strict-dynamic'"}),
    }
    for path, comes_up, found in (
        ("/right", True, []),
        ("/hint", True, [("not_async", "hint")]),
        ("/policy", False, [("csp_script", "wrong")]),
        ("/gone", False, [("not_reached", "wrong")]),
    ):
        answer = (await ask(acme, acme.owner, ADMIN_SCOPE, origin + path)).json()
        assert (answer["url"], answer["comes_up"]) == (origin + path, comes_up)
        assert [(each["code"], each["weight"]) for each in answer["findings"]] == found
        assert all(each["sentence"] and each["mend"] for each in answer["findings"])
    by_key = await ask(acme, acme.owner, ADMIN_SCOPE, f"{origin}/right", site.public_key)
    assert by_key.json()["comes_up"] is True

    for asked, refused in (
        (ask(acme, acme.owner, "chat", origin), (403, "scope_missing")),
        (ask(acme, acme.member, ADMIN_SCOPE, origin), (403, "not_allowed")),
        (ask(acme, acme.owner, ADMIN_SCOPE, origin, "nothing"), (404, "not_found")),
        (ask(globex, globex.owner, ADMIN_SCOPE, origin), (404, "not_found")),
        (ask(acme, acme.owner, ADMIN_SCOPE, ""), (422, "invalid_input")),
    ):
        answer = await asked
        assert (answer.status_code, answer.json()["code"]) == refused
    monkeypatch.setattr(examine_page, "PAGES_A_MINUTE", 1)
    answers = [await ask(acme, acme.owner, ADMIN_SCOPE, origin) for _ in range(2)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    await owners.open(DOCTOR)
    refused = await owners.send(DOCTOR, address=f"{origin}/right")  # the console counts with them
    assert "pages a minute are read. Ask again in" in refused.text
    assert 'data-testid="answer"' not in refused.text
