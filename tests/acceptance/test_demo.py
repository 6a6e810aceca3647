"""The two commands of the README, the first one: start everything, ask with the printed line, stop everything.

The tests run in their order on one data folder: a first start, a second one, then what can go wrong.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.acceptance.running_demo import Demo
from tests.sse import SentEvent, read_events
from tests.subprocesses import ROOT, free_port

RIGHT_PAGE = ROOT / "docs" / "how-to" / "run.md"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    folder = Path(tempfile.mkdtemp(prefix="atrium-demo-"))
    demo = Demo(folder / "data", free_port())
    demo.start()
    yield demo
    demo.remove()
    shutil.rmtree(folder)


def client(demo: Demo, tenant: str = "", **headers: str) -> httpx.Client:
    """A client for a tenant's host or the public one: names under localhost are not known everywhere."""
    host = f"{tenant}.localhost" if tenant else "localhost"
    return httpx.Client(
        base_url=f"http://127.0.0.1:{demo.port}",
        headers={"Host": f"{host}:{demo.port}", **headers},
        timeout=60,
        trust_env=False,
    )


def ask(demo: Demo, tenant: str, question: str) -> dict[str, Any]:
    """The answer that the tenant's assistant gives over the API."""
    facts = demo.facts["tenants"][tenant]
    with client(demo, tenant, Authorization=f"Bearer {facts['api_key']}") as api:
        thread = api.post("/api/threads/", json={}).json()["id"]
        body = {"assistant_id": facts["assistants"][0], "content": question}
        response = api.post(f"/api/threads/{thread}/messages/", json=body)
    assert response.status_code == 201, response.text
    return response.json()[1]


# -- the first start


def test_a_visitor_without_an_account_chats_on_the_page_of_acmes_embedded_chat(demo):
    facts = demo.facts["tenants"]["acme"]
    shown, own = facts["embedded_chat"], {"Origin": facts["url"]}
    with client(demo, "acme", **own) as browser:
        assert shown["page"] in demo.printed
        assert browser.get(shown["page"].removeprefix(facts["url"])).status_code == 200
        session = browser.post("/embed/session/", json={"key": shown["key"]}).json()
        browser.headers["Authorization"] = f"Bearer {session['token']}"
        thread = browser.post("/api/threads/", json={"assistant_id": session["site"]["assistant_id"]}).json()["id"]
        body = {"assistant_id": session["site"]["assistant_id"], "content": facts["question"]}
        answer = browser.post(f"/api/threads/{thread}/messages/", json=body).json()[1]
    assert "PORT=" in answer["content"]


def test_it_writes_demo_json_for_programs_that_only_its_owner_may_read(demo):
    facts = demo.facts
    assert facts["public_url"] == f"http://localhost:{demo.port}"
    assert set(facts["operator"]) == {"username", "password"}
    assert set(facts["tenants"]) == {"acme", "globex"}
    for name, tenant in facts["tenants"].items():
        assert tenant["url"] == f"http://{name}.localhost:{demo.port}"
        assert set(tenant["admin"]) == set(tenant["member"]) == {"username", "password"}
        assert tenant["api_key"].startswith("atr_")
        assert "docs_assistant" in tenant["assistants"]
        assert tenant["question"].endswith("?")
    assert stat.S_IMODE((demo.folder / "demo.json").stat().st_mode) == 0o600


def test_it_prints_hosts_people_keys_and_what_it_is_doing(demo):
    printed = demo.printed
    for tenant in demo.facts["tenants"].values():
        for part in (tenant["url"], f"{tenant['url']}/admin/", tenant["api_key"]):
            assert part in printed
        for person in (tenant["admin"], tenant["member"], demo.facts["operator"]):
            assert re.search(rf"{person['username']} +{re.escape(person['password'])}\s", printed)
    for step in ("starting PostgreSQL", "migrating public", "making the tenant acme", "reading documents"):
        assert step in printed


def printed_line(demo: Demo) -> str:
    [line] = [line for line in demo.printed.splitlines() if line.startswith("curl ")]
    return line


def events_of(demo: Demo) -> list[SentEvent]:
    """What the printed line prints: run by a shell, or where there is no curl, the same request."""
    line = printed_line(demo)
    if shutil.which("curl") and shutil.which("bash"):
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True)
        return read_events(done.stdout)
    words = shlex.split(line)
    headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    url = next(word for word in words if word.startswith("http"))
    path = url.partition(f":{demo.port}")[2]
    with client(demo, "acme", **headers) as api:
        return read_events(api.post(path, content=words[words.index("-d") + 1]).text)


def test_the_printed_line_asks_and_the_answer_comes_from_the_right_document(demo):
    events = events_of(demo)
    assert (events[0].type, events[-1].type) == ("run.started", "run.done")
    question, answer = events[-1].data["messages"]
    assert question["content"] == demo.facts["tenants"]["acme"]["question"]
    assert "offline model" in answer["content"]
    page = RIGHT_PAGE.read_text()
    cited = answer["citations"][0]
    assert page.startswith(f"# {cited['title']}\n")
    assert cited["quote"].rstrip("…") in page
    assert f"[{cited['number']}]" in answer["content"]


def test_the_same_question_at_the_other_tenant_finds_nothing_of_it(demo):
    answer = ask(demo, "globex", demo.facts["tenants"]["acme"]["question"])
    assert answer["citations"] == []
    assert "PORT=" not in answer["content"]


def test_the_other_tenant_answers_its_own_question_from_its_own_documents(demo):
    answer = ask(demo, "globex", demo.facts["tenants"]["globex"]["question"])
    pages = (ROOT / "platform" / "atrium" / "demo" / "globex").glob("*.md")
    titles = {page.read_text().partition("\n")[0].removeprefix("# ") for page in pages}
    cited = {citation["title"] for citation in answer["citations"]}
    assert cited
    assert cited <= titles


@pytest.mark.parametrize(
    ("host", "page", "who", "lands_at"),
    [
        ("", "/admin/login/?next=/admin/", "operator", "/admin/"),
        ("acme", "/admin/login/?next=/admin/", "admin", "/admin/"),
        ("globex", "/admin/login/?next=/admin/", "admin", "/admin/"),
        ("acme", "/accounts/login/", "member", "/"),
        ("globex", "/accounts/login/", "member", "/"),
    ],
)
def test_everyone_can_sign_in_with_what_was_printed(demo, host, page, who, lands_at):
    person = demo.facts["operator"] if who == "operator" else demo.facts["tenants"][host][who]
    with client(demo, host) as browser:
        form = browser.get(page)
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', form.text)
        assert token
        cookie = f"csrftoken={form.cookies['csrftoken']}"
        answer = browser.post(page, data={**person, "csrfmiddlewaretoken": token[1]}, headers={"Cookie": cookie})
    assert (answer.status_code, answer.headers.get("Location")) == (302, lands_at)


def test_what_one_tenants_people_have_opens_nothing_at_the_other(demo):
    with client(demo, "globex", Authorization=f"Bearer {demo.facts['tenants']['acme']['api_key']}") as api:
        assert api.get("/api/threads/").status_code == 401


# -- stopping and starting again


def check_stopped(demo: Demo, started: list[psutil.Process]) -> None:
    """No process of those is left, and nobody answers."""
    assert len(started) >= 4  # itself, the worker, the web server, PostgreSQL
    _, left = psutil.wait_procs(started, timeout=60)
    assert left == []
    assert demo.port_is_free()
    assert not demo.postmaster.exists()


@pytest.fixture(scope="module")
def first(demo) -> dict[str, Any]:
    """demo.json of the first start; after it, the demo is stopped by SIGTERM."""
    facts, started = demo.facts, demo.processes()
    assert demo.stop(signal.SIGTERM) == 0
    check_stopped(demo, started)
    return facts


def test_it_stops_all_that_it_started_when_it_is_told_to(first):
    assert first["tenants"]


def test_a_second_start_keeps_the_passwords_keys_and_documents_and_ctrl_c_stops_that_too(demo, first):
    # What a PostgreSQL leaves that was killed; the process id is somebody else's by now.
    demo.postmaster.write_text(f"{psutil.Process().pid}\n{demo.folder}/postgres\n")
    demo.start()
    assert demo.facts == first
    assert "reading documents" not in demo.printed
    assert ask(demo, "acme", first["tenants"]["acme"]["question"])["citations"]
    started = demo.processes()
    assert demo.stop(signal.SIGINT) == 0
    assert "Traceback" not in demo.printed
    check_stopped(demo, started)


def test_ctrl_c_stops_it_while_it_starts(demo, first):
    demo.start(until="looking after the tenant")
    started = demo.processes()
    assert demo.stop(signal.SIGINT) == 0
    assert "Traceback" not in demo.printed
    _, left = psutil.wait_procs(started, timeout=60)
    assert left == []


# -- what can go wrong: one line that says what to do


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("atrium: ")
    return line


def test_a_port_that_is_taken_is_said(demo, first):
    with socket.create_server(("127.0.0.1", demo.port)):
        line = only_line(demo.run())
    assert f"port {demo.port} is taken" in line
    assert "PORT=" in line


@contextmanager
def damaged(file: Path, content: bytes) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("PG_VERSION", b"garbage\n", id="a version that is none"),
        pytest.param("PG_VERSION", b"16\n", id="another version's folder"),
        pytest.param("global/pg_control", b"\0" * 100, id="a file that was cut off"),
    ],
)
def test_a_data_folder_that_is_damaged_is_said(demo, first, name, content):
    with damaged(demo.folder / "postgres" / name, content):
        line = only_line(demo.run())
    assert f"the data folder {demo.folder} is damaged" in line
    assert "DATA_DIR=" in line
    assert demo.processes() == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:hunter2@127.0.0.1:{port}/atrium", "DATABASE_URL (127.0.0.1/atrium) cannot be reached: "),
        ("postgresql://me:hunter2@127.0.0.1:no-port/atrium", "DATABASE_URL: expected postgresql://"),
    ],
)
def test_a_database_that_cannot_be_reached_is_said_without_its_password(demo, first, url, said):
    done = demo.run(DATABASE_URL=url.format(port=free_port()))
    line = only_line(done)
    assert said in line
    assert "hunter2" not in done.stdout + done.stderr


def test_a_folder_that_cannot_be_written_to_is_said(demo, first):
    elsewhere = Demo(demo.folder / "demo.json", free_port())
    assert "cannot write to" in only_line(elsewhere.run())
    assert json.loads((demo.folder / "demo.json").read_text()) == first
