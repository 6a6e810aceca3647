"""The tutorial, done as it says: every file written, every command run, every request sent, in the page's order."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.clone import ROOT, Clone, Demo, empty_database
from tests.acceptance.markdown_blocks import Block, Request, read_blocks, read_curl

PAGE = ROOT / "docs/tutorial.md"
BLOCKS = read_blocks(PAGE)
MAKE_RUN = re.compile(r"(?:\w+=\S+ )*make run(?: \w+=\S+)*")
KEPT_AS_IT_IS = ("DATABASE_URL", "OPENAI_API_KEY", "ATRIUM_CHAT_MODEL")  # the tests' database, and no model's key


@dataclass
class Walk:
    """A reader's way down the page: two terminals, and what came of each command."""

    clone: Clone
    running: ExitStack
    demo: Demo | None = None
    variables: dict[str, str] = field(default_factory=dict)
    shown: list[tuple[Block, str]] = field(default_factory=list)
    answers: list[tuple[Request, httpx.Response]] = field(default_factory=list)

    def down(self, blocks: list[Block]) -> None:
        """Do what the blocks say."""
        output = ""
        for block in blocks:
            if block.language == "python":
                self.clone.add(block.file, block.text)
            elif block.language == "sh":
                output = "\n".join(filter(None, (self._do(command) for command in block.commands)))
            else:
                self.shown.append((block, output))

    def _do(self, command: str) -> str:
        if MAKE_RUN.fullmatch(command) or command == "source .venv/bin/activate":
            return ""
        if command.startswith("export "):
            self._export(command)
            return ""
        if command.startswith("curl "):
            self._restart_if_changed()
            self._send(command)
            return ""
        if command.startswith("python manage.py shell") and self.demo is None:
            self.restart()  # it makes the tenants
        return self.clone.run(command)

    def _export(self, command: str) -> None:
        name, _, value = command.removeprefix("export ").partition("=")
        if name not in KEPT_AS_IT_IS:
            self.clone.environment[name] = value

    def restart(self) -> None:
        """Stop the demo and start it again."""
        self.running.close()
        self.demo = self.running.enter_context(self.clone.demo())
        self.variables["KEY"] = self.demo.facts["tenants"]["acme"]["api_key"]
        self.files = self._files()

    def _files(self) -> dict[Path, str]:
        return {file: file.read_text() for file in self.clone.folder.glob("mysite/*.py")}

    def _restart_if_changed(self) -> None:
        if self.demo is None or self.files != self._files():
            self.restart()

    def _send(self, command: str) -> None:
        for name, value in self.variables.items():
            command = command.replace(f"${name}", value)
        assert "$" not in command, f"{command}: the page has not said what to put there"
        request = read_curl(command)
        response = self.send(request)
        self.answers.append((request, response))
        if request.url.endswith("/api/threads/"):
            self.variables["THREAD"] = response.json()["id"]

    def send(self, request: Request, host: str = "acme.localhost", **headers: str) -> httpx.Response:
        """The demo's response."""
        assert self.demo
        address = httpx.URL(request.url).copy_with(host="127.0.0.1", port=self.demo.port)
        headers = {**request.headers, "Host": f"{host}:{self.demo.port}", **headers}
        return httpx.request(request.method, address, headers=headers, content=request.body, timeout=60)

    def call(self, method: str, path: str, key: str = "", **body: Any) -> httpx.Response:
        """A request with the printed key, as the page's own."""
        headers = {"Authorization": f"Bearer {key or self.variables['KEY']}", "Content-Type": "application/json"}
        content = json.dumps(body) if body else None
        return self.send(Request(method, f"http://acme.localhost:8000{path}", headers, content))


@pytest.fixture(scope="module")
def walk(database_url, tmp_path_factory) -> Iterator[Walk]:
    """The whole page, done; the demo is running with all of it."""
    with empty_database(database_url, "atrium_tutorial") as url, ExitStack() as running:
        done = Walk(Clone(tmp_path_factory.mktemp("clone"), url), running)
        done.down(BLOCKS)
        yield done


# -- the page itself


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_each_block_can_be_checked(block: Block) -> None:
    assert block.language in ("python", "sh", "text")
    if block.language == "python":
        assert block.file
        ast.parse(block.text)


def test_it_names_make_targets_and_variables_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    lines = [command for block in BLOCKS if block.language == "sh" for command in block.commands if "make" in command]
    started = [line for line in lines if MAKE_RUN.fullmatch(line)]
    assert started
    for line in started:
        for variable in re.findall(r"make run (\w+)=", line):
            assert re.search(rf"^{variable} \?=", makefile, re.MULTILINE)


# -- what it promises


def test_its_commands_print_what_it_shows(walk: Walk) -> None:
    assert len(walk.shown) >= 4
    for block, output in walk.shown:
        assert output == block.text.strip(), f"line {block.line}"


def test_its_requests_are_answered(walk: Walk) -> None:
    assert len(walk.answers) >= 7
    for request, response in walk.answers:
        assert response.status_code == (201 if request.method == "POST" else 200), response.text


def test_all_its_assistants_are_offered(walk: Walk) -> None:
    source = (walk.clone.folder / "mysite/ai_assistants.py").read_text()
    defined = set(re.findall(r'^    id = "(\w+)"', source, re.MULTILINE))
    offered = {each["id"] for each in walk.call("GET", "/api/assistants/").json()}
    assert len(defined) >= 9
    assert defined < offered


def test_the_finished_assistant_quotes_documents_keeps_tasks_and_asks_another(walk: Walk) -> None:
    documents, task, weather = (response.json()[-1] for _, response in walk.answers[-3:])
    said = ("Members with a session and API keys.", "only rules for everyone signed in reach it.")
    assert any(sentence in documents["content"] for sentence in said)  # which one, all documents' words decide
    assert "Why access is denied by default" in [citation["title"] for citation in documents["citations"]]
    assert "Read about access rules" in task["content"]
    assert "Bergen" in weather["content"]
    assert "18" in weather["content"]


def test_another_tenant_has_the_assistants_and_none_of_the_tasks(walk: Walk) -> None:
    assert walk.demo
    key = walk.demo.facts["tenants"]["globex"]["api_key"]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def at_globex(path: str, body: str) -> httpx.Response:
        return walk.send(Request("POST", f"http://globex.localhost:8000{path}", headers, body), host="globex.localhost")

    thread = at_globex("/api/threads/", "{}").json()["id"]
    body = json.dumps({"assistant_id": "office_assistant", "content": "List my tasks"})
    answer = at_globex(f"/api/threads/{thread}/messages/", body).json()[-1]["content"]
    assert "There are none." in answer
    assert "plants" not in answer


def test_its_view_answers_whoever_is_signed_in(walk: Walk) -> None:
    assert walk.demo
    base, host = f"http://127.0.0.1:{walk.demo.port}", {"Host": f"acme.localhost:{walk.demo.port}"}
    with httpx.Client(base_url=base, headers=host, timeout=60) as browser:
        assert browser.get("/tasks/").status_code == 302
        browser.get("/accounts/login/")
        member = walk.demo.facts["tenants"]["acme"]["member"]
        browser.post("/accounts/login/", data={**member, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert "Water the plants" in browser.get("/tasks/").json()["answer"]


def test_its_api_is_made_by_its_function(walk: Walk) -> None:
    assert walk.call("GET", "/api/openapi.json").json()["info"]["title"] == "My assistants"


def test_its_api_answers_at_the_other_path_too(walk: Walk) -> None:
    listed = [walk.call("GET", f"{path}/threads/").json() for path in ("/api", "/ai-assistant")]
    assert listed[0]
    assert listed[0] == listed[1]


def test_its_permission_functions_decide(walk: Walk) -> None:
    thread = walk.variables["THREAD"]
    messages = walk.call("GET", f"/api/threads/{thread}/messages/").json()
    said = {message["type"]: message["id"] for message in messages}
    assert walk.call("DELETE", f"/api/threads/{thread}/").status_code == 403
    assert walk.call("DELETE", f"/api/threads/{thread}/messages/{said['ai']}/").status_code == 403
    assert walk.call("DELETE", f"/api/threads/{thread}/messages/{said['human']}/").status_code == 204


def test_its_other_assistants_do_what_they_are_for(walk: Walk) -> None:
    program = """
import json
from mysite.ai_assistants import *
from tenants.context import tenant_context
from tenants.models import Tenant, User

with tenant_context(Tenant.objects.get(schema_name="acme").as_ref()):
    user = User.objects.get(username="max")
    answers = [
        TripAssistant().run('Rank cities "Bergen" and "Oslo" by length'),
        TripAssistant().run("Plan a journey to the city Oslo on 2030-05-17 for 2 people"),
        LibraryAssistant(user=user).run('search_library for "roles of members"'),
        HolidayAssistant(user=user).run('Ask the weather_assistant "get the weather in Rome"'),
        TaskAssistant(user=user).invoke({"input": "Clear my tasks"})["waiting"][0]["name"],
        PrivateWeatherAssistant().get_llm().openai_api_base,
    ]
print(json.dumps(answers))
"""
    ranked, planned, found, weather, waiting, address = json.loads(walk.clone.python(program))
    assert ranked.index("Oslo") < ranked.index("Bergen")
    assert "To Oslo on a Friday, seats for 2." in planned
    assert "Owner" in found
    assert "Rome" in weather
    assert waiting == "clear_tasks"
    assert address == "http://localhost:11434/v1"


def test_its_other_type_of_key_works_from_the_first_migration_on(walk: Walk, database_url) -> None:
    program = """
import io
from assistants.use_cases import create_thread
from django.core.management import call_command
from tenants.context import tenant_context
from tenants.models import User
from tenants.provisioning.create import create_tenant

call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
call_command("setup", verbosity=0, stdout=io.StringIO())
with tenant_context(create_tenant("numbers", "Numbers", "numbers.localhost").as_ref()):
    user = User.objects.create_user("somebody")
    print([create_thread(name="A thread", user=user).pk for _ in range(2)])
"""
    with empty_database(database_url, "atrium_numbers") as url:
        settings = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "mysite.settings_with_number_keys"}
        assert walk.clone.python(program, **settings) == "[1, 2]"
