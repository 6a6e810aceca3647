"""A production server as it is deployed: Django's own check finds nothing, and what it sends is safe."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.factories import PASSWORD
from tests.subprocesses import PRODUCTION, ROOT, WebServer, clean_environment, web_server

HTTPS = {"X-Forwarded-Proto": "https"}
SIGN_IN_PAGES = [
    ("acme.localhost", "/accounts/login/"),
    ("acme.localhost", "/admin/login/"),
    ("localhost", "/admin/login/"),
]


def run(database_url: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=clean_environment(DATABASE_URL=database_url, **PRODUCTION),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_djangos_check_for_deployment_finds_nothing(database_url):
    done = run(database_url, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "System check identified no issues" in done.stdout


WITH_DJANGOS_NAMES = """
import django
from atrium.env import set_default_settings_module
set_default_settings_module()
django.setup()
from django.conf import settings
from django.core import checks
from django.test import override_settings
from django.utils.module_loading import import_string

theirs = [
    f"{base.__module__}.{base.__qualname__}"
    for path in settings.MIDDLEWARE
    for base in import_string(path).__mro__
    if base.__module__.startswith("django.")
]
assert "django.middleware.security.SecurityMiddleware" in theirs, theirs
with override_settings(MIDDLEWARE=theirs, SILENCED_SYSTEM_CHECKS=[]):
    found = checks.run_checks(tags=["security"], include_deployment_checks=True)
print([issue.id for issue in found])
"""


def test_nor_does_it_when_our_middleware_goes_by_the_names_that_the_check_knows(database_url):
    done = run(database_url, "-c", WITH_DJANGOS_NAMES)
    assert done.stdout == "[]\n", done.stdout + done.stderr


class Deployed:
    """A production server behind a proxy that ends HTTPS."""

    def __init__(self, server: WebServer) -> None:
        self._server = server

    def client(self, host: str, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self._server.url, headers={"Host": host, **headers}, timeout=60)

    def get(self, host: str, path: str, **headers: str) -> httpx.Response:
        with self.client(host, **headers) as client:
            return client.get(path)

    def written(self) -> str:
        return self._server.log.read_text()


@pytest.fixture(scope="module")
def deployed(tenants, database_url, tmp_path_factory) -> Iterator[Deployed]:
    log = tmp_path_factory.mktemp("deployed") / "server.log"
    with web_server(log, DATABASE_URL=database_url, **PRODUCTION) as server:
        yield Deployed(server)


@pytest.mark.parametrize(("host", "path"), SIGN_IN_PAGES)
def test_a_page_asked_for_over_http_is_sent_to_https(deployed, host, path):
    response = deployed.get(host, path)
    assert (response.status_code, response.headers["Location"]) == (301, f"https://{host}{path}")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_health_paths_answer_without_https_for_the_machines_that_ask(deployed, path):
    assert deployed.get("10.0.0.7", path).status_code == 200


@pytest.mark.parametrize(("host", "path"), [*SIGN_IN_PAGES, ("acme.localhost", "/api/threads/")])
def test_every_answer_has_the_security_headers(deployed, host, path):
    headers = deployed.get(host, path, **HTTPS).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def policy_of(response: httpx.Response) -> dict[str, list[str]]:
    directives = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


@pytest.mark.parametrize(
    ("host", "path"), [*SIGN_IN_PAGES, ("acme.localhost", "/api/threads/"), ("acme.localhost", "/x")]
)
def test_nothing_inline_and_nothing_from_elsewhere_may_run(deployed, host, path):
    policy = policy_of(deployed.get(host, path, **HTTPS))
    allowed = {source for sources in policy.values() for source in sources}
    assert allowed <= {"'self'", "'none'", "data:", "'unsafe-eval'"}
    assert policy["default-src"] == policy["style-src"] == ["'self'"]
    assert policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert "data:" not in policy["script-src"]


def test_only_the_consoles_may_build_functions_from_text(deployed):
    assert policy_of(deployed.get("acme.localhost", "/accounts/login/", **HTTPS))["script-src"] == ["'self'"]


@pytest.mark.parametrize(("host", "path"), SIGN_IN_PAGES)
def test_a_page_holds_nothing_that_its_policy_forbids(deployed, host, path):
    page = deployed.get(host, path, **HTTPS).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page, re.IGNORECASE)
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert not content.strip() or "application/json" in attributes
    assert not re.search(r'(?:src|action)="(?:https?:)?//', page)


def cookies_of(response: httpx.Response) -> dict[str, str]:
    """Each cookie that is set, with its attributes in small letters."""
    lines = response.headers.get_list("Set-Cookie")
    return {line.partition("=")[0]: line.partition(";")[2].lower() for line in lines}


def test_the_cookies_travel_over_https_only_and_to_their_own_site(deployed):
    with deployed.client("acme.localhost", **HTTPS) as client:
        asked = client.get("/accounts/login/")
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', asked.text)
        assert token
        csrf = re.search(r"csrftoken=([^;]+)", asked.headers["Set-Cookie"])
        assert csrf
        signed_in = client.post(
            "/accounts/login/",
            data={"username": "member", "password": PASSWORD, "csrfmiddlewaretoken": token[1]},
            headers={"Cookie": f"csrftoken={csrf[1]}", "Referer": "https://acme.localhost/accounts/login/"},
        )
    assert signed_in.status_code == 302, signed_in.text
    cookies = cookies_of(asked) | cookies_of(signed_in)
    assert set(cookies) == {"csrftoken", "sessionid"}
    for attributes in cookies.values():
        assert "secure" in attributes
        assert "samesite=lax" in attributes
        assert "domain" not in attributes
    assert "httponly" in cookies["sessionid"]


def test_an_error_shows_no_page_of_djangos(deployed):
    for host, path in [("acme.localhost", "/no/such/page"), ("localhost", "/no/such/page"), ("nobody.example", "/")]:
        response = deployed.get(host, path, **HTTPS)
        assert response.status_code == 404
        assert not re.search(r"DEBUG|Traceback|urlconf|settings", response.text, re.IGNORECASE)


def test_the_server_writes_json_and_says_which_tenant_and_request(deployed):
    response = deployed.get("acme.localhost", "/api/threads/?secret=word", **HTTPS)
    lines = [json.loads(line) for line in deployed.written().splitlines()]
    of_request = [line for line in lines if line["request_id"] == response.headers["X-Request-ID"]]
    assert {line["tenant"] for line in of_request} == {"acme"}
    [answered] = [line for line in of_request if "status" in line]  # Django's own line says in words that it refused
    assert (answered["path"], answered["status"]) == ("/api/threads/", 401)
    assert "secret=word" not in deployed.written()
