"""The deployment files, read as a machine would: there is no Docker engine where the tests run.

Each test names a promise of ``Dockerfile``, ``docker-compose.yml``, ``.dockerignore`` or ``.env.example`` and
checks it against the source: what these files name must exist there.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shlex
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from atrium import env, production
from atrium.health import HealthMiddleware

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
DECLARED = {variable.name for variable in env.VARIABLES}
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "ATRIUM_PUBLISHED_PORT"}  # read by docker-compose.yml, never by our code


def dockerfile_instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, argument) pairs of a Dockerfile, comments dropped and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    pairs = (line.strip().split(None, 1) for line in joined.splitlines() if line.strip())
    return [(name.upper(), argument.strip()) for name, argument in pairs]


INSTRUCTIONS = dockerfile_instructions((ROOT / "Dockerfile").read_text())


def arguments(instruction: str) -> list[str]:
    return [argument for name, argument in INSTRUCTIONS if name == instruction]


def only(instruction: str) -> str:
    [argument] = arguments(instruction)
    return argument


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for argument in arguments("ENV") for pair in shlex.split(argument))


def copied_sources() -> list[str]:
    return [source for argument in arguments("COPY") for source in argument.split()[:-1]]


def example_variables() -> dict[str, str]:
    """The variables of .env.example with the values shown, those behind ``# `` included."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    matches = (re.fullmatch(r"(?:# )?([A-Z][A-Z0-9_]*)=(.*)", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def active_example() -> dict[str, str]:
    """What a copy of .env.example sets as it stands."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def command_of(service: str) -> list[str]:
    return SERVICES[service].get("command") or json.loads(only("CMD"))


# -- the image


def test_the_image_is_built_on_a_python_that_the_project_supports() -> None:
    assert only("FROM") == "python:3.11-slim"


@pytest.mark.parametrize("image", [only("FROM"), *(service["image"] for service in SERVICES.values())])
def test_each_image_names_a_version(image: str) -> None:
    name, _, tag = image.rpartition(":")
    assert name
    assert tag not in ("", "latest")


def test_the_image_runs_as_a_user_that_a_cluster_can_see_is_not_root() -> None:
    user = only("USER").split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert f"--uid {user} " in " ".join(arguments("RUN"))
    last_written = max(n for n, (name, _) in enumerate(INSTRUCTIONS) if name in ("RUN", "COPY"))
    assert INSTRUCTIONS.index(("USER", only("USER"))) > last_written, "the user could change the code"


@pytest.mark.parametrize("source", copied_sources())
def test_each_copied_path_exists(source: str) -> None:
    assert (ROOT / source).exists()


@pytest.mark.parametrize("source", copied_sources())
def test_each_copied_path_is_let_through_by_the_dockerignore(source: str) -> None:
    assert not ignored(source)


@pytest.mark.parametrize("path", [".env", ".data", ".git", ".venv", "docs", "tests", "platform/atrium/__pycache__"])
def test_secrets_data_and_history_stay_out_of_the_image(path: str) -> None:
    assert ignored(path)


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps ``path`` out: the last line that fits decides."""
    decision = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if not line or line.startswith("#"):
            continue
        whole = fnmatch(path, pattern) or path.startswith(f"{pattern}/")
        if whole or (pattern.startswith("**/") and fnmatch(path, "*/" + pattern[3:])):
            decision = not line.startswith("!")
    return decision


def test_every_package_of_the_project_is_copied() -> None:
    packages = {found.parent.relative_to(ROOT).parts[0] for found in ROOT.glob("[a-z]*/**/apps.py")}
    assert packages - {"build", "tests"} <= set(copied_sources())


def test_dependencies_are_installed_from_the_lock_with_their_hashes() -> None:
    [install] = [run for run in arguments("RUN") if "pip install" in run]
    assert "--require-hashes" in install
    assert install.split()[-1] in copied_sources()
    assert "index-url" not in install


@pytest.mark.parametrize("lock", ["requirements/run.lock", "requirements/test.lock", "requirements/docs.lock"])
def test_the_lock_pins_everything_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = [line for line in re.sub(r"\\\n", " ", text).splitlines() if line and not line.startswith("#")]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE)


def test_static_files_are_collected_while_the_image_is_built_into_a_root_of_its_own() -> None:
    assert any("manage.py collectstatic" in run for run in arguments("RUN"))
    root = image_environment()["ATRIUM_STATIC_ROOT"]
    assert Path(root).is_absolute()
    assert all(SERVICES[name]["environment"]["ATRIUM_STATIC_ROOT"] == root for name in OURS)


def test_the_image_holds_no_secret() -> None:
    assert not any("SECRET" in name or "PASSWORD" in name or "KEY" in name for name in image_environment())
    assert "ARG" not in dict(INSTRUCTIONS)


def test_the_variables_of_the_image_are_declared() -> None:
    theirs = {"PYTHONUNBUFFERED", "PYTHONPATH", "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK"}
    assert set(image_environment()) - theirs <= DECLARED


# -- what the containers run


def test_the_server_serves_an_application_that_exists_on_the_port_that_is_exposed() -> None:
    command = json.loads(only("CMD"))
    assert command[0] == "uvicorn"
    module, _, attribute = command[1].partition(":")
    spec = find_spec(module)
    assert spec
    assert spec.origin
    body = ast.parse(Path(spec.origin).read_text()).body
    assert attribute in [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert command[command.index("--port") + 1] == only("EXPOSE")
    assert command[command.index("--host") + 1] == "0.0.0.0"


def test_the_packages_of_the_platform_folder_are_on_the_path() -> None:
    folders = image_environment()["PYTHONPATH"].split(":")
    assert folders == [f"{only('WORKDIR')}/platform", only("WORKDIR")]


@pytest.mark.parametrize("service", OURS)
def test_each_service_runs_something_that_exists(service: str) -> None:
    command = command_of(service)
    if command[0] == "uvicorn":
        assert command == json.loads(only("CMD"))
    else:
        assert command[:2] == ["python", "manage.py"]
        assert command[2] in get_commands()


def test_the_health_check_asks_for_a_path_that_answers() -> None:
    check = only("HEALTHCHECK")
    found = re.search(r"http://[^'\"]+", check)
    assert found
    url = urlsplit(found[0])
    assert str(url.port) == only("EXPOSE")

    async def not_a_health_path(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=404)

    response = asyncio.run(HealthMiddleware(not_a_health_path)(RequestFactory().get(url.path)))
    assert response.status_code == 200


def test_the_health_check_is_a_program_that_can_be_read() -> None:
    command = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    compile(command[2], "HEALTHCHECK", "exec")


# -- docker-compose.yml


def test_the_services_are_the_database_the_set_up_the_web_server_and_the_worker() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "db",
        "migrate",
        "web",
        "worker",
    }


def test_redis_is_there_for_those_who_ask_for_it_and_keeps_nothing() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["redis"]
    redis = SERVICES["redis"]
    assert "volumes" not in redis
    assert redis["command"][1:5] == ["--save", "", "--appendonly", "no"]
    page = (ROOT / "docs/how-to/deploy.md").read_text()
    assert f"docker compose --profile {redis['profiles'][0]} up" in page
    assert "REDIS_URL=redis://redis:6379/0" in page


def test_the_image_has_the_client_for_redis() -> None:
    assert any(line.startswith("redis==") for line in (ROOT / "requirements/run.lock").read_text().splitlines())


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_runs_as_root(service: str) -> None:
    user = SERVICES[service]["user"].split(":")[0]
    assert user not in ("", "root", "0")
    if service in OURS:
        assert SERVICES[service]["user"] == only("USER")


@pytest.mark.parametrize("service", OURS)
def test_each_service_of_ours_is_built_here(service: str) -> None:
    assert (ROOT / SERVICES[service]["build"] / "Dockerfile").exists()
    assert SERVICES[service]["env_file"] == ".env"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_comes_back_unless_it_runs_once(service: str) -> None:
    assert SERVICES[service]["restart"] == ("no" if service == "migrate" else "unless-stopped")


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_waits_for_what_it_needs(service: str) -> None:
    for needed, how in SERVICES[service].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert SERVICES[needed]["healthcheck"]["test"]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert SERVICES[needed]["restart"] == "no"
    waits_for = set(SERVICES[service].get("depends_on", {}))
    assert waits_for == {"db": set(), "redis": set(), "migrate": {"db"}}.get(service, {"db", "migrate"})


def test_only_the_web_server_is_checked_by_the_check_of_the_image() -> None:
    assert "healthcheck" not in SERVICES["web"]
    assert all(SERVICES[name]["healthcheck"] == {"disable": True} for name in ("worker", "migrate"))


def test_only_the_web_server_is_published_and_on_the_loopback_address_only() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    [port] = SERVICES["web"]["ports"]
    assert port.startswith("127.0.0.1:")
    assert port.endswith(f":{only('EXPOSE')}")


def test_the_data_of_the_database_is_in_a_volume_that_is_declared() -> None:
    [mount] = SERVICES["db"]["volumes"]
    volume, folder = mount.split(":")
    assert volume in COMPOSE["volumes"]
    assert folder == "/var/lib/postgresql/data"


def test_the_database_is_the_one_that_the_others_are_sent_to() -> None:
    values = {**SERVICES["db"]["environment"]}
    for name in OURS:
        fallback = SERVICES[name]["environment"]["DATABASE_URL"].partition(":-")[2]
        filled = re.sub(r"\$\{\w+:\?[^}]*\}", "secret", fallback).removesuffix("}")
        url = urlsplit(filled)
        assert (url.scheme, url.hostname, url.password) == ("postgresql", "db", "secret")
        assert (url.username, url.path[1:]) == (values["POSTGRES_USER"], values["POSTGRES_DB"])


# -- variables: one list, told in four places


def test_every_variable_in_the_compose_file_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert used <= set(example_variables())
    assert used >= COMPOSE_ONLY, "in the list of those that compose reads, and not read by it"


def test_every_variable_given_to_our_containers_is_declared() -> None:
    assert all(set(SERVICES[name]["environment"]) <= DECLARED for name in OURS)


def test_the_example_has_every_declared_variable_and_no_other() -> None:
    assert set(example_variables()) == DECLARED | COMPOSE_ONLY


def test_each_variable_is_in_the_example_once_and_explained() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    names = [match[1] for line in lines if (match := re.match(r"(?:# )?([A-Z][A-Z0-9_]*)=", line))]
    assert sorted(names) == sorted(set(names))
    blocks = re.split(r"\n\s*\n", (ROOT / ".env.example").read_text())
    for block in blocks[1:]:
        assert block.startswith("# "), block


def test_the_values_behind_a_hash_are_what_holds_without_them() -> None:
    shown = {name: value for name, value in example_variables().items() if name in DECLARED - set(active_example())}
    without, with_them = env.Environment({}), env.Environment(shown)
    assert {name: with_them[name] for name in shown} == {name: without[name] for name in shown}


def test_the_deploy_page_explains_every_variable() -> None:
    page = (ROOT / "docs/how-to/deploy.md").read_text()
    assert set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", page, re.MULTILINE)) == DECLARED
    assert all(f"`{name}`" in page for name in COMPOSE_ONLY)


def refuse_unsafe(values: dict[str, str]) -> None:
    read = env.Environment(values)
    production.refuse_unsafe(
        debug=read["ATRIUM_DEBUG"],
        secret_key=read["ATRIUM_SECRET_KEY"],
        allowed_hosts=read["ATRIUM_ALLOWED_HOSTS"],
        public_host=read["ATRIUM_PUBLIC_HOST"],
    )


def test_an_example_that_nobody_filled_in_does_not_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="ATRIUM_SECRET_KEY"):
        refuse_unsafe(active_example())


def test_the_example_starts_once_the_secret_key_is_there() -> None:
    refuse_unsafe({**active_example(), "ATRIUM_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQ"})
