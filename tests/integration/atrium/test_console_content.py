"""Documents and conversations in a tenant's console."""

from __future__ import annotations

import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from assistants.models import Message, Run, Thread
from rag.models import Collection, Document
from rag.use_cases.create_collection import create_collection
from tenants.context import tenant_context
from tests.documents import add_ready_document

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def collection(acme) -> Collection:
    with tenant_context(acme.ref):
        return create_collection(acme.actor(acme.owner), "Manuals")


def make_thread(user, *, failed: bool = False, citations=()) -> Thread:
    thread = Thread.objects.create(name=f"About {EVIL}", created_by=user, assistant_id="docs_assistant")
    run = Run.objects.create(
        thread=thread,
        assistant_id="docs_assistant",
        actor_kind="member",
        status="failed" if failed else "completed",
        error_code="model_busy" if failed else "",
        error_detail="The provider is busy." if failed else "",
        error_detail_admin=f"model_busy, status 429, model {EVIL}" if failed else "",
    )
    say(thread, run, HumanMessage(f"A question {EVIL}"))
    if not failed:
        say(thread, run, AIMessage(f"An answer [1] {EVIL}"), citations=list(citations))
    return thread


def say(thread: Thread, run: Run, message, **more) -> None:
    Message.objects.create(thread=thread, run=run, message=message_to_dict(message), **more)


# -- documents


async def test_a_file_that_is_handed_in_waits_for_the_worker(console, acme, collection, in_acme):
    owners = await console(acme.host, "owner")
    file = {"file": ("guide.md", b"# Guide\n\nPress the button.", "text/markdown")}
    answer = await owners.send("rag/document/add/", files=file, collection=str(collection.pk), content="", title="")
    assert answer.status_code == 302
    document = await in_acme(Document.objects.get)
    assert (document.source, document.status, document.size) == ("guide.md", "queued", 26)
    page = (await owners.open("rag/document/")).text
    assert "guide.md" in page
    assert "Queued" in page


async def test_a_text_that_is_pasted_becomes_a_document(console, acme, collection, in_acme):
    owners = await console(acme.host, "owner")
    fields = {"collection": str(collection.pk), "content": "# Opening hours\n\nNine to five.", "title": "Hours"}
    assert (await owners.send("rag/document/add/", **fields)).status_code == 302
    document = await in_acme(Document.objects.get)
    assert (document.title, document.media_type) == ("Hours", "text/markdown")


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (("virus.exe", b"MZ\x90\x00", "application/octet-stream"), "", "This file is a Windows program."),
        (("a.md", b"text", "text/markdown"), "and a text", "Give either a file, an address or a text."),
        (("big.md", b"x" * (20 * 1024**2 + 1), "text/markdown"), "", "This file is larger than 20 MB."),
        (None, "  ", "Choose a file, or give an address or a text below."),
    ],
    ids=["unreadable kind", "file and text", "too large", "nothing"],
)
async def test_what_cannot_be_taken_in_is_refused_in_the_form(
    console, acme, collection, in_acme, file, content, reason
):
    owners = await console(acme.host, "owner")
    files = {"file": file} if file else None
    answer = await owners.send(
        "rag/document/add/", files=files, collection=str(collection.pk), content=content, title="kept"
    )
    assert answer.status_code == 200
    assert reason in answer.text
    assert 'value="kept"' in answer.text
    assert not await in_acme(Document.objects.exists)


async def test_a_documents_page_shows_its_passages_as_text(console, acme, in_acme):
    document = await in_acme(add_ready_document, acme, f"# Refunds\n\nWithin 90 days. {EVIL}", source="refunds.md")
    page = (await (await console(acme.host, "owner")).open(f"rag/document/{document}/change/")).text
    assert "Within 90 days." in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


async def test_a_failed_document_says_why(console, acme, in_acme):
    document = await in_acme(add_ready_document, acme, "text", source="scan.md")
    failed = {"status": "failed", "error": "This scan has no text in it."}
    await in_acme(Document.objects.filter(pk=document).update, **failed)
    owners = await console(acme.host, "owner")
    for page in ("", "rag/document/", f"rag/document/{document}/change/"):
        assert failed["error"] in (await owners.open(page)).text


async def test_chosen_documents_are_taken_in_anew_and_cancelled(console, acme, in_acme):
    document = await in_acme(add_ready_document, acme, "# Anvils\n\nHeavy.", source="anvils.md")
    owners = await console(acme.host, "owner")
    for action, status in (("take_in_anew", "queued"), ("cancel", "cancelled")):
        chosen = {"action": action, "_selected_action": str(document)}
        assert (await owners.send("rag/document/", **chosen)).status_code == 302
        assert (await in_acme(Document.objects.get)).status == status
    page = (await owners.open("rag/document/")).text
    assert "Cancelled" in page


async def test_a_deleted_document_is_gone_with_its_passages(console, acme, in_acme):
    from rag.models import Chunk, DocumentWords

    document = await in_acme(add_ready_document, acme, "# Anvils\n\nHeavy.", source="anvils.md")
    assert await in_acme(DocumentWords.objects.exists)
    owners = await console(acme.host, "owner")
    assert (await owners.send(f"rag/document/{document}/delete/", post="yes")).status_code == 302
    for model in (Document, Chunk, DocumentWords):
        assert not await in_acme(model.objects.exists)


async def test_a_collection_is_made_with_the_model_of_the_deployment(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    fields = {"name": "Handbooks", "description": "", "language": "german"}
    fields |= {"chunk_tokens": "220", "overlap_tokens": "40"}
    assert (await owners.send("rag/collection/add/", **fields)).status_code == 302
    made = await in_acme(Collection.objects.get, name="Handbooks")
    assert made.language == "german"
    assert made.embedding_model


# -- conversations


async def test_a_thread_reads_as_a_conversation_with_its_sources(console, acme, in_acme):
    citation = {"number": 1, "title": "Refund policy", "heading": "Money", "page": 3, "quote": "Within 90 days."}
    here = {**citation, "document_id": "own/key", "version": 2, "start": 100}
    quoted = {**here, "document_id": "018f0000", "quote_in_document": {"start": 120, "end": 130}}
    citations = [citation, here, quoted, {**here, "version": None, "document_id": "elsewhere"}]
    thread = await in_acme(make_thread, acme.member, citations=citations)
    page = (await (await console(acme.host, "owner")).open(f"assistants/thread/{thread.pk}/change/")).text
    assert page.index('data-testid="human"') < page.index('data-testid="ai"') < page.index('data-testid="run"')
    for said in ("A question", "An answer", "Refund policy", "Money", "page 3", "Within 90 days.", "Completed"):
        assert said in page
    for link in ("own/key/cited/?version=2&amp;at=100", "018f0000/cited/?version=2&amp;at=120"):
        assert f'href="/admin/rag/document/{link}"' in page
    assert "elsewhere" not in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


async def test_a_thread_shows_what_people_said_of_its_answers(console, acme, in_acme):
    thread = await in_acme(make_thread, acme.member)
    other = await in_acme(make_thread, acme.member)

    def judge() -> None:
        answer = Message.objects.filter(thread=thread).latest("created_at")
        answer.thumb, answer.feedback = -1, f"Wrong. {EVIL}"
        answer.superseded = True
        answer.save()

    await in_acme(judge)
    owners = await console(acme.host, "owner")
    page = (await owners.open(f"assistants/thread/{thread.pk}/change/")).text
    assert page.count('data-testid="feedback"') == 1
    for said in ("thumb_down", "found this bad", "Wrong.", "another answer is shown"):
        assert said in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    found = (await owners.open("assistants/thread/?feedback=down")).text
    assert f"assistants/thread/{thread.pk}/change/" in found
    assert f"assistants/thread/{other.pk}/change/" not in found
    assert f"assistants/thread/{thread.pk}/change/" not in (await owners.open("assistants/thread/?feedback=up")).text


async def test_a_failed_run_says_what_happened(console, acme, in_acme):
    thread = await in_acme(make_thread, acme.member, failed=True)
    owners = await console(acme.host, "owner")
    page = (await owners.open(f"assistants/thread/{thread.pk}/change/")).text
    assert "This run failed" in page
    assert "model_busy" in page
    assert "The provider is busy." in page
    assert "model_busy, status 429, model &lt;script&gt;" in page
    assert "<script>alert" not in page
    found = (await owners.open("assistants/thread/?runs=failed")).text
    assert f"assistants/thread/{thread.pk}/change/" in found


async def test_editors_read_what_happened_but_not_the_cause_that_is_for_administrators(console, acme, staff, in_acme):
    thread = await in_acme(make_thread, acme.member, failed=True)
    page = (await (await console(acme.host, "editor")).open(f"assistants/thread/{thread.pk}/change/")).text
    assert "The provider is busy." in page
    assert "status 429" not in page


async def test_a_conversation_cannot_be_changed_or_deleted_in_the_console(console, acme, in_acme):
    thread = await in_acme(make_thread, acme.member)
    owners = await console(acme.host, "owner")
    page = f"assistants/thread/{thread.pk}/change/"
    assert "_save" not in (await owners.open(page)).text
    token = {"csrfmiddlewaretoken": owners.client.cookies["csrftoken"]}
    assert (await owners.client.post(f"/admin/{page}", data=token)).status_code == 403
    assert (await owners.open(f"assistants/thread/{thread.pk}/delete/")).status_code == 403
    assert (await owners.open("assistants/thread/add/")).status_code == 403


async def test_another_tenants_rows_are_not_there(console, acme, globex, in_acme):
    document = await in_acme(add_ready_document, acme, "# Secret plan\n\nThe plan.", source="plan.md")
    thread = await in_acme(make_thread, acme.member)
    strangers = await console(globex.host, "owner")
    assert "Secret plan" not in (await strangers.open("rag/document/")).text
    assert "About" not in (await strangers.open("assistants/thread/")).text
    for page in (f"rag/document/{document}/change/", f"assistants/thread/{thread.pk}/change/"):
        answer = await strangers.open(page)
        assert answer.status_code == 404


async def test_the_overview_counts_and_links(console, acme, in_acme):
    await in_acme(make_thread, acme.member, failed=True)
    await in_acme(add_ready_document, acme, "text", source="text.md")
    owners = await console(acme.host, "owner")
    page = (await owners.open()).text
    card = r'class="console-card[^"]*" href="([^"]+)".*?</span>([^<]+)</span>\s*<span[^>]*>(\d+)<'
    cards = re.findall(card, page, re.S)
    counts = {title.strip(): int(count) for _, title, count in cards}
    assert counts == {
        "New threads": 1,
        "Failed runs": 1,
        "Answers found good": 0,
        "Answers without a source": 0,
        "Documents ready": 1,
        "Members": 3,
        "Access rules": 5,
        "API keys": 1,
    }
    for link, title, _ in cards:
        assert (await owners.client.get(link.replace("&amp;", "&"))).status_code == 200, title


async def test_what_was_asked_through_the_openai_face_is_marked(console, acme, in_acme):
    def make() -> Thread:
        make_thread(acme.member)
        thread = make_thread(acme.member)
        Thread.objects.filter(pk=thread.pk).update(source=Thread.Source.COMPLETION)
        return thread

    thread = await in_acme(make)
    owners = await console(acme.host, "owner")
    page = (await owners.open("assistants/thread/")).text
    assert page.count("OpenAI-compatible API") > 1  # beside the filter's choice
    assert 'data-testid="completion"' in (await owners.open(f"assistants/thread/{thread.pk}/change/")).text
    listed = (await owners.open("assistants/thread/?source__exact=chat")).text
    assert str(thread.pk) not in listed
