"""The reference pages and the site that `make docs` makes of all pages. Building it is `make docs`' own affair."""

from __future__ import annotations

import re
from ast import literal_eval
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils.module_loading import import_string

from assistants import use_cases
from assistants.conf import PREFIX, SETTINGS
from assistants.llm.resilience.policy import SETTING_NAMES as MODEL_SETTINGS
from assistants.llm.resilience.policy import BreakerRule, CallPolicy
from atrium.env import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
PAGES = sorted((DOCS / "reference").glob("*.md"))
OBJECTS = [(page.name, name) for page in PAGES for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)]


def pages_of(navigation: list[Any]) -> list[str]:
    """The files that a navigation names."""
    entries = [value for entry in navigation for value in entry.values()]
    return [page for each in entries for page in (pages_of(each) if isinstance(each, list) else [each])]


def test_the_site_leads_to_every_page_once() -> None:
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    decisions = [page for page in pages if re.match(r"decisions/0", page)]
    assert sorted(pages_of(SITE["nav"])) == sorted(set(pages) - set(decisions))


def test_the_site_loads_nothing_from_elsewhere() -> None:
    assert SITE["theme"]["highlightjs"] is False
    assert all("://" not in each for each in SITE["extra_css"])


@pytest.mark.parametrize(("page", "name"), OBJECTS)
def test_what_a_page_documents_is_there_and_has_a_docstring(page: str, name: str) -> None:
    try:
        found = import_module(name)
    except ImportError:
        found = import_string(name)
    assert found.__doc__


def test_every_setting_is_explained_with_its_default() -> None:
    page = (DOCS / "reference/settings.md").read_text()
    rows = re.findall(r"^\| `(AI_ASSISTANT_\w+)` \| `(.+?)` \| (.+) \|$", page, re.MULTILINE)
    rows = [row for row in rows if row[0] not in MODEL_SETTINGS]
    assert rows == [(PREFIX + each.name, str(each.default), each.meaning) for each in SETTINGS]
    assert all(PREFIX + each.other_name in page for each in SETTINGS)


def test_every_setting_of_model_calls_is_explained_with_its_default() -> None:
    page = (DOCS / "reference/settings.md").read_text()
    rows = re.findall(r"^\| `(AI_ASSISTANT_MODEL_\w+)` \| `(.+?)` \| .+ \| (yes)? ?\|$", page, re.MULTILINE)
    defaults = [*vars_of(CallPolicy()), *vars_of(BreakerRule())]
    assert [name for name, _, _ in rows] == list(MODEL_SETTINGS)
    assert [literal_eval(default) for _, default, _ in rows] == defaults
    assert [name for name, _, variable in rows if variable] == [
        each for each in MODEL_SETTINGS if each in {variable.name for variable in VARIABLES}
    ]


def vars_of(policy: Any) -> list[Any]:
    """The values of a policy's fields, in their order, as settings have them."""
    values = [getattr(policy, each.name) for each in fields(policy) if each.name != "breaker"]
    return [list(value) if isinstance(value, tuple) else value for value in values]


def test_every_use_case_is_documented() -> None:
    documented = {name.removeprefix("assistants.use_cases.") for page, name in OBJECTS if page == "use-cases.md"}
    synchronous = {name for name in use_cases.__all__ if not (name[0] == "a" and name[1:] in use_cases.__all__)}
    assert documented == synchronous
