"""The documents that people read and that the demo's assistants answer from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN_DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
GLOBEX_DOCUMENTS = sorted((ROOT / "platform/atrium/demo/globex").glob("*.md"))

# Words of a software platform. A globex page that used one would make a leak between the tenants hard to see.
PLATFORM_WORDS = re.compile(
    r"\b(atrium|tenants?|schemas?|assistants?|apis?|tokens?|sessions?|databases?|servers?|deploy\w*|migrat\w*"
    r"|users?|operators?|endpoints?|embed\w*|vectors?|indexe?s?|chunks?|prompts?|chats?|python|django|postgres\w*"
    r"|access|passwords?|logs?|queues?|workers?|threads?|streams?)\b",
    re.IGNORECASE,
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", [*OWN_DOCUMENTS, *GLOBEX_DOCUMENTS], ids=name_of)
def test_it_begins_with_its_only_title(path: Path) -> None:
    text = without_code(path.read_text())
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("path", OWN_DOCUMENTS, ids=name_of)
def test_its_links_within_the_project_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", without_code(path.read_text()))
    broken = [t for t in targets if "://" not in t and not (path.parent / t).exists()]
    assert broken == []


def test_globex_has_a_body_of_documents_of_its_own() -> None:
    assert 8 <= len(GLOBEX_DOCUMENTS) <= 12


@pytest.mark.parametrize("path", GLOBEX_DOCUMENTS, ids=name_of)
def test_a_globex_page_says_something_and_nothing_about_software_platforms(path: Path) -> None:
    text = path.read_text()
    assert 400 <= len(text.split()) <= 900
    assert PLATFORM_WORDS.findall(text) == []


@pytest.mark.parametrize("path", OWN_DOCUMENTS, ids=name_of)
def test_a_page_of_the_project_does_not_talk_of_coffee(path: Path) -> None:
    assert not re.search(r"coffee|espresso|descal|Halden|Tarn|Corrie", path.read_text())
