"""Documents in the console, one and many: handed in, followed, looked into, changed, replaced, and thrown away."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rag.models import Collection, Document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.ingest_document import ingest_document
from rag.use_cases.lists import list_states
from tenants.context import tenant_context
from tenants.errors import NotFound
from tenants.models import AccessRule, AuditEntry
from tests.documents import add_ready_document
from tests.sessions import session_of
from tests.statements import counted

EVIL = "<script>alert(1)</script>"
HANDBOOK = "# Pumps\n\n" + "\n\n".join(
    f"Paragraph {n} says that pump number {n} moves {n * 10} litres." for n in range(200)
)


@pytest.fixture
def collection(acme) -> Collection:
    with tenant_context(acme.ref):
        return create_collection(acme.actor(acme.owner), "Manuals", chunk_tokens=60, overlap_tokens=20)


@pytest.fixture
async def owners(console, acme):
    return await console(acme.host, "owner")


async def test_many_files_are_handed_in_without_javascript_each_on_its_own(owners, acme, collection, in_acme):
    known = await in_acme(add_ready_document, acme, "# Old\n\nText.", source="known.md", collection="Manuals")
    page = (await owners.open(f"rag/document/upload/?collection={collection.pk}")).text
    for said in ("Choose files", "at most 20 MB", "pdf, docx, pptx", "multiple", f'value="{collection.pk}" selected'):
        assert said in page
    files = [
        ("chosen", ("new.md", b"# New\n\nText.", "text/markdown")),
        ("chosen", ("known.md", b"# Old\n\nText.", "text/markdown")),
        ("chosen", (f"{EVIL}.md", b"# Evil", "text/markdown")),
        ("chosen", ("photo.png", b"\x89PNG\r\n\x1a\n", "image/png")),
        ("chosen", ("big.md", b"x" * (20 * 1024**2 + 1), "text/markdown")),
    ]
    answer = await owners.send("rag/document/upload/", files=files, collection=str(collection.pk))
    assert answer.status_code == 200
    assert answer.text.count('data-testid="file"') == 5
    for said in ("3 handed in, 2 refused", "letter by letter", "PNG picture", "at most 20 MB; this one has"):
        assert said in answer.text, said
    assert EVIL not in answer.text
    assert await in_acme(lambda: Document.objects.get(pk=known).version) == 1
    assert await in_acme(Document.objects.count) == 3
    nothing = await owners.send("rag/document/upload/", collection=str(collection.pk))
    assert "This field is required." in nothing.text
    foreign = await owners.send(
        "rag/document/upload/", files=files[:1], collection="00000000-0000-7000-8000-000000000000"
    )
    assert "Select a valid choice" in foreign.text


async def test_an_upload_through_the_api_says_which_files_were_there(server, acme, collection):
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    address = f"/api/collections/{collection.pk}/files/"
    first = (await client.post(address, files={"files": ("a.md", b"# A\n\nText.")})).json()
    assert first["unchanged"] == []
    await acme.run(lambda: ingest_document(first["documents"][0]["id"]))
    again = (await client.post(address, files={"files": ("a.md", b"# A\n\nText.")})).json()
    assert again["unchanged"] == [first["documents"][0]["id"]]


async def test_states_are_asked_for_at_the_price_of_one_statement(owners, acme, globex, in_acme):
    ready = await in_acme(add_ready_document, acme, "# A\n\nText.", source="a.md")
    failed = await in_acme(add_ready_document, acme, "# B\n\nText.", source="b.md")
    theirs = await globex.run(lambda: add_ready_document(globex, "# C\n\nText.", source="c.md"))
    facts = {"status": "failed", "error": f"No text {EVIL}", "error_code": "no_text", "version": 2}
    await in_acme(Document.objects.filter(pk=failed).update, **facts)
    answer = await owners.open(f"rag/document/states/?ids={ready},{failed},{theirs},nonsense,,")
    states = {state["id"]: state for state in answer.json()["documents"]}
    assert states.keys() == {str(ready), str(failed)}
    assert (states[str(ready)]["status"], states[str(ready)]["under_way"]) == ("ready", False)
    assert states[str(failed)]["note"] == f"No text {EVIL} Version 1 answers."
    assert "text recognition" in states[str(failed)]["what_to_do"]
    assert (await owners.open("rag/document/states/")).json() == {"documents": []}

    def statements() -> int:
        actor = acme.actor(acme.owner)
        list_states(actor, [ready])  # the rules are kept from here on
        with CaptureQueriesContext(connection) as asked:
            list_states(actor, [ready, failed, theirs])
        return len(asked)

    assert await in_acme(statements) == 1


async def test_the_list_shows_reasons_and_is_filtered_by_type(owners, acme, in_acme):
    failed = await in_acme(add_ready_document, acme, "# A\n\nText.", source="a.md")
    await in_acme(add_ready_document, acme, "# B\n\nText.", source="b.html")
    await in_acme(Document.objects.filter(pk=failed).update, status="failed", error=f"No text. {EVIL}")
    page = (await owners.open("rag/document/")).text
    assert "No text." in page
    assert EVIL not in page
    assert "data-under-way" not in page
    await in_acme(Document.objects.filter(pk=failed).update, status="extracting")
    assert "data-under-way" in (await owners.open("rag/document/")).text
    page = (await owners.open("rag/document/?type=text/markdown")).text
    assert f"rag/document/{failed}/change/" in page
    assert "b.html" not in page


async def test_a_documents_text_is_shown_with_the_bounds_of_its_passages(owners, acme, collection, in_acme):
    text = f"{HANDBOOK}\n\n{EVIL}"
    key = await in_acme(add_ready_document, acme, text, source="pumps.md", collection="Manuals")
    count = await in_acme(lambda: Document.objects.get(pk=key).chunk_count)
    assert count > 30
    first = (await owners.open(f"rag/document/{key}/change/")).text
    assert re.findall(r'id="passage-(\d+)"', first) == [str(n) for n in range(1, 26)]
    assert 'data-testid="shared"' in first
    assert re.search(r"Pumps · \d+ tokens", first)
    assert "Page 1 of" in first
    last = (await owners.open(f"rag/document/{key}/change/?passage={count}")).text
    assert f'id="passage-{count}"' in last
    assert EVIL not in last
    assert "&lt;script&gt;" in last
    body = re.search(r'console-preview-body">(.*?)</div>', last, re.S)
    assert body is not None
    shown = re.sub(r"<h3.*?</h3>|<[^>]*>", "", body[1])
    assert text.endswith(shown.replace("&lt;", "<").replace("&gt;", ">"))
    for odd in ("0", "-1", "x", "9" * 30, "%00"):
        assert (await owners.open(f"rag/document/{key}/change/?passage={odd}")).status_code == 200


async def test_the_original_is_saved_and_never_shown(owners, console, acme, globex, in_acme):
    content = f"<!doctype html><html><body><h1>Page</h1>{EVIL}</body></html>"
    key = await in_acme(add_ready_document, acme, content, source="page.html")
    answer = await owners.open(f"rag/document/{key}/original/")
    assert answer.text == content
    assert answer.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    strangers = await console(globex.host, "owner")
    assert (await strangers.open(f"rag/document/{key}/original/")).status_code == 404


async def test_what_is_said_about_a_document_is_changed_and_recorded(owners, acme, in_acme):
    key = await in_acme(add_ready_document, acme, "# Pumps\n\nText.", source="pumps.md")
    page = f"rag/document/{key}/change/"
    for wrong, reason in (
        ("{", "It is not JSON"),
        ("[1]", "JSON object"),
        ('{"a": NaN}', "plain JSON"),
        ('{"a": "\\u0000"}', "null bytes"),
        ("[" * 5000, "JSON object"),
        (json.dumps({"a": "x" * 17_000}), "at most 16,000"),
    ):
        answer = await owners.send(page, title="Pumps", metadata=wrong)
        assert answer.status_code == 200, wrong[:20]
        assert reason in answer.text, wrong[:20]
    answer = await owners.send(page, title="Pumps", metadata='{"team": "sales"}')
    assert answer.status_code == 302
    document = await in_acme(Document.objects.get, pk=key)
    assert (document.metadata, document.status) == ({"team": "sales"}, "ready")
    assert (await owners.send(page, title="Our pumps", metadata='{ "team":"sales" }')).status_code == 302
    assert (await in_acme(Document.objects.get, pk=key)).status == "queued"
    assert "&quot;sales&quot;" in (await owners.open(page)).text
    await in_acme(ingest_document, key)
    assert (await in_acme(Document.objects.get, pk=key)).title == "Our pumps"
    recorded = await in_acme(lambda: list(AuditEntry.objects.filter(action="document.changed")))
    assert len(recorded) == 2


async def test_a_new_version_is_handed_in_and_the_old_one_answers_until_it_is_ready(owners, acme, in_acme):
    key = await in_acme(add_ready_document, acme, "# Pumps\n\nOld.", source="pumps.md")
    replace = f"rag/document/{key}/replace/"
    token = {"csrfmiddlewaretoken": owners.client.cookies["csrftoken"]}

    async def sent(*file: object) -> str:
        answer = await owners.client.post(f"/admin/{replace}", data=token, files={"file": file} if file else None)
        assert answer.status_code == 302
        return (await owners.open(f"rag/document/{key}/change/")).text

    assert "Choose a file" in await sent()
    assert "PNG picture" in await sent("photo.png", b"\x89PNG\r\n\x1a\n", "image/png")
    page = await sent("pumps-2.md", b"# Pumps\n\nNew.", "text/markdown")
    assert "Version 2 was handed in; version 1 answers" in page
    assert "Old." in page
    assert "data-under-way" in page
    await in_acme(ingest_document, key)
    page = (await owners.open(f"rag/document/{key}/change/")).text
    assert "Version 2, which answers" in page
    assert "New." in page
    assert (await owners.open(replace)).status_code == 405


async def test_a_document_is_taken_in_anew_and_cancelled_on_its_page(owners, acme, in_acme):
    key = await in_acme(add_ready_document, acme, "# Pumps\n\nText.", source="pumps.md")
    token = {"csrfmiddlewaretoken": owners.client.cookies["csrftoken"]}
    for verb, status in (("reprocess", "queued"), ("cancel", "cancelled")):
        assert (await owners.client.post(f"/admin/rag/document/{key}/{verb}/", data=token)).status_code == 302
        assert (await in_acme(Document.objects.get, pk=key)).status == status
    page = await owners.client.post(f"/admin/rag/document/{key}/cancel/", data=token, follow_redirects=True)
    assert "nothing to cancel" in page.text
    assert (await owners.client.post(f"/admin/rag/document/{key}/cancel/")).status_code == 403  # without the token


async def test_what_a_use_case_refuses_for_chosen_documents_is_said_on_the_list(owners, acme, in_acme, monkeypatch):
    def gone(*args: object) -> None:
        raise NotFound("There is no such document.")

    key = str(await in_acme(add_ready_document, acme, "text", source="a.md"))
    monkeypatch.setattr("rag.admin.documents.delete_document", gone)  # somebody else was quicker
    chosen = {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    for path, sent in (("rag/document/", chosen), (f"rag/document/{key}/delete/", {"post": "yes"})):
        answer = await owners.send(path, **sent)
        assert answer.status_code == 302, path
        assert "There is no such document." in (await owners.open("rag/document/")).text


async def test_documents_are_deleted_without_their_bytes_being_read(owners, acme, in_acme):
    keys = [str(await in_acme(add_ready_document, acme, f"text {n}", source=f"{n}.md")) for n in range(2)]
    with counted() as statements:
        answer = await owners.send("rag/document/", action="delete_selected", _selected_action=keys, post="yes")
    assert answer.status_code == 302
    assert not await in_acme(Document.objects.exists)
    assert [each for each in statements.reads if '"rag_original"."content"' in each] == []


async def test_a_failed_document_says_what_to_do(owners, acme, in_acme):
    key = await in_acme(add_ready_document, acme, "text", source="scan.md")
    facts = {"status": "failed", "error": "Locked.", "error_code": "encrypted_document"}
    await in_acme(Document.objects.filter(pk=key).update, **facts)
    page = (await owners.open(f"rag/document/{key}/change/")).text
    assert "Locked." in page
    assert "Save it without a password" in page


async def test_who_may_not_read_a_collection_does_not_see_its_documents(console, acme, staff, in_acme):
    key = await in_acme(add_ready_document, acme, "# Salaries\n\nText.", source="salaries.md")

    def forbid() -> str:
        collection = Document.objects.get(pk=key).collection_id
        facts = {"effect": "deny", "action": "collection.read", "resource": str(collection)}
        AccessRule.objects.create(audience="member", member=staff["editor"], **facts)
        return str(collection)

    editors, collection = await console(acme.host, "editor"), await in_acme(forbid)
    await in_acme(Collection.objects.filter(pk=collection).update, name="Payroll")
    await in_acme(lambda: [Collection.objects.create(name=name) for name in ("Manuals", "Notes")])
    await in_acme(Document.objects.filter(pk=key).update, status="failed")
    for page in ("", "rag/document/", "rag/document/add/", "rag/document/upload/", "rag/document/search/?q=salaries"):
        shown = (await editors.open(page)).text
        assert not {"Salaries", "Payroll"} & {each for each in ("Salaries", "Payroll") if each in shown}, page
        assert page in ("", "rag/document/search/?q=salaries") or "Manuals" in shown, page
    refused = await editors.send("rag/document/add/", collection=collection, content="Text.", title="", address="")
    assert "Select a valid choice" in refused.text
    pages = (f"document/{key}/change/", f"document/{key}/original/", f"document/{key}/cited/?version=1&at=0")
    for page in (*pages, f"collection/{collection}/change/"):
        assert (await editors.open(f"rag/{page}")).status_code == 404, page
    assert (await editors.open(f"rag/document/states/?ids={key}")).json() == {"documents": []}


async def test_a_citation_opens_the_passage_that_it_quotes(owners, acme, collection, in_acme):
    key = await in_acme(add_ready_document, acme, HANDBOOK, source="pumps.md", collection="Manuals")
    chunk = await in_acme(lambda: Document.objects.get(pk=key).chunks.get(ordinal=40))
    address = f"rag/document/{key}/cited/?version=1&at={chunk.end_offset - 1}"
    following = await in_acme(
        lambda: chunk.document.chunks.filter(start_offset__lt=chunk.end_offset).latest("ordinal").ordinal + 1
    )
    opened = await owners.open(address)
    assert opened.headers["location"].endswith(f"{key}/change/?passage={following}#passage-{following}")
    page = await owners.client.get(opened.headers["location"])
    assert f'id="passage-{following}"' in page.text
    await in_acme(Document.objects.filter(pk=key).update, version=2, indexed_version=2)
    changed = await owners.client.get(f"/admin/{address}", follow_redirects=True)
    assert "changed since it was cited" in changed.text
    for odd in ("", "?version=x&at=-1", "?version=2"):
        assert (await owners.open(f"rag/document/{key}/cited/{odd}")).status_code == 302, odd
    for nothing in ("handbook/a.md", "00000000-0000-7000-8000-000000000000"):
        assert (await owners.open(f"rag/document/{nothing}/cited/")).status_code == 404, nothing


async def test_a_name_of_several_lines_is_saved_under_one(server, acme, collection, in_acme):
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    for source, title, name in (
        ("a\nb.md", "", "a b.md"),
        ("", 'Two\nlines\x01/ of "a" title', 'Two lines _ of \\"a\\" title.md'),
        ("Ä\tb.md", "", None),
    ):
        sent = {"text": f"Text of {source or title}.", "source": source, "title": title}
        added = (await client.post(f"/api/collections/{collection.pk}/documents/", json=sent)).json()
        await in_acme(ingest_document, added["id"])
        answer = await client.get(f"/api/documents/{added['id']}/original/")
        assert answer.status_code == 200, sent
        expected = "attachment; filename*=utf-8''%C3%84%20b.md" if name is None else f'attachment; filename="{name}"'
        assert answer.headers["content-disposition"] == expected


async def test_who_is_not_signed_in_gets_none_of_these_pages(owners, acme, in_acme):
    key = await in_acme(add_ready_document, acme, "text", source="a.md")
    owners.client.cookies.clear()
    for page in ("upload/", "states/", f"{key}/original/", f"{key}/change/"):
        assert (await owners.open(f"rag/document/{page}")).status_code == 302, page  # to the form for signing in
