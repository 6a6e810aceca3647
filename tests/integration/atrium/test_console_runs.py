"""Runs in a tenant's console: a list that stays quick, and a page that replays one run step by step."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from assistants.models import Run, Thread
from rag.models import Chunk
from tenants.models import AccessRule
from tests.documents import add_ready_document
from tests.receipts import EVIL, make_receipt, make_run


async def page_of(console, tenant, run: Run) -> str:
    answer = await (await console(tenant.host, "owner")).open(f"assistants/run/{run.pk}/change/")
    assert answer.status_code == 200
    return answer.text


async def test_a_run_is_replayed_from_its_question_to_its_cost(console, acme, in_acme):
    run = await in_acme(make_run, acme.member)
    page = await page_of(console, acme, run)
    for said in (
        "How heavy are the anvils in Oslo",
        "and 12 are in stock",
        "Rewrote the question",
        "for “How heavy are anvils in Oslo?”",
        "Called find_stock",
        "12 in stock",
        "&quot;place&quot;: &quot;Oslo&quot;",
        "score 0.0328",
        "$0.0006498",
        "version 2.1",
        "Everyone signed in may see and run all assistants",
        run.prompt_hash,
    ):
        assert said in page, said
    assert page.count('data-testid="step"') == len(run.receipt["steps"])
    assert EVIL not in page


async def test_every_bar_lies_inside_the_drawing_and_needs_no_inline_style(console, acme, in_acme):
    page = await page_of(console, acme, await in_acme(make_run, acme.member))
    replay = page[page.index('data-testid="replay"') :]
    bars = re.findall(r'<rect class="[^"]+" x="(\d+)" y="0" width="(\d+)"', replay)
    assert len(bars) >= 9
    assert all(int(x) + int(width) <= 1000 and int(width) > 0 for x, width in bars)
    assert " style=" not in replay


async def test_a_passage_shows_its_text_while_it_is_the_same_to_who_may_read_it(console, acme, staff, in_acme):
    await in_acme(add_ready_document, acme, "# Anvils\n\nAll anvils are heavy.", source="anvils.md")
    chunk = await in_acme(Chunk.objects.get)
    run = await in_acme(make_run, acme.member, receipt=make_receipt(chunk.text, chunk.pk))
    assert "All anvils are heavy." in await page_of(console, acme, run)
    facts = {"effect": "deny", "action": "collection.read", "resource": str(chunk.collection_id)}
    await in_acme(lambda: AccessRule.objects.create(audience="member", member=staff["editor"], **facts))
    editors = await console(acme.host, "editor")
    assert "All anvils are" not in (await editors.open(f"assistants/run/{run.pk}/change/")).text
    await in_acme(Chunk.objects.update, text="All anvils are light.")
    page = await page_of(console, acme, run)
    assert "All anvils are" not in page
    assert "changed or deleted since" in page


async def test_what_a_person_decided_about_a_call_is_told(console, acme, in_acme):
    decisions = {"call_1": {"decision": "refuse", "reason": "Not on a Sunday."}}
    page = await page_of(console, acme, await in_acme(make_run, acme.member, decisions=decisions))
    assert "A person has refused: Not on a Sunday." in page


async def test_a_failed_run_tells_administrators_more(console, acme, in_acme):
    failed = {"status": "failed", "error_code": "model_busy", "error_detail": "The provider is busy."}
    detail = "model_busy, status 429, model gpt-4o-mini"
    run = await in_acme(make_run, acme.member, **failed, error_detail_admin=detail, cost=None)
    page = await page_of(console, acme, run)
    for said in ("model_busy", "The provider is busy.", detail, "not known"):
        assert said in page


@pytest.mark.parametrize(
    "receipt", [{}, {"assistant": {"id": "a", "version": ""}, "rule": None}], ids=["none", "only begun"]
)
@pytest.mark.parametrize("status", Run.Status.values)
async def test_a_run_without_steps_has_a_page_too(console, acme, in_acme, receipt, status):
    fields = {"receipt": receipt, "rule_id": None, "cost": None, "model": "", "finished_at": None}
    run = await in_acme(make_run, acme.member, status=status, **fields)
    assert 'data-testid="step"' not in await page_of(console, acme, run)


async def test_the_conversation_leads_to_the_run_and_back(console, acme, in_acme):
    run = await in_acme(make_run, acme.member)
    owners = await console(acme.host, "owner")
    thread_page, run_page = f"assistants/thread/{run.thread_id}/change/", f"assistants/run/{run.pk}/change/"
    conversation = (await owners.open(thread_page)).text
    assert f'href="/admin/{run_page}"' in conversation
    assert f'id="run-{run.pk}"' in conversation
    assert f'href="/admin/{thread_page}#run-{run.pk}"' in (await owners.open(run_page)).text


# -- the list


async def test_the_list_is_filtered_and_searched(console, acme, in_acme):
    thread = await in_acme(Thread.objects.create, name="Refunds", created_by=acme.member)
    good = await in_acme(make_run, acme.member, thread, assistant_id="docs_assistant")
    bad = await in_acme(make_run, acme.member, status="failed", error_code="model_busy", assistant_id="gone")
    long_ago = timezone.now() - timedelta(days=10)
    await in_acme(Run.objects.filter(pk=bad.pk).update, created_at=long_ago)
    owners = await console(acme.host, "owner")

    async def listed(query: str) -> set[str]:
        page = (await owners.open(f"assistants/run/?{query}")).text
        return {str(run.pk) for run in (good, bad) if str(run.pk) in page}

    both, only_good, only_bad = {str(good.pk), str(bad.pk)}, {str(good.pk)}, {str(bad.pk)}
    assert await listed("") == both
    assert await listed("status__exact=failed") == only_bad
    assert await listed("assistant=docs_assistant") == only_good
    assert await listed("since=7") == only_good
    assert await listed("since=30") == both
    assert await listed("since=nonsense") == both
    assert await listed("q=refund") == only_good
    assert await listed("q=nothing+like+it") == set()


async def test_nobody_changes_or_deletes_a_run(console, acme, in_acme):
    run = await in_acme(make_run, acme.member)
    owners = await console(acme.host, "owner")
    page = f"assistants/run/{run.pk}/"
    assert "_save" not in (await owners.open(f"{page}change/")).text
    token = {"csrfmiddlewaretoken": owners.client.cookies["csrftoken"]}
    assert (await owners.client.post(f"/admin/{page}change/", data=token)).status_code == 403
    assert (await owners.open(f"{page}delete/")).status_code == 403
    assert (await owners.open("assistants/run/add/")).status_code == 403


async def test_another_tenants_runs_are_not_there(console, acme, globex, in_acme):
    run = await in_acme(make_run, acme.member)
    strangers = await console(globex.host, "owner")
    assert str(run.pk) not in (await strangers.open("assistants/run/")).text
    assert (await strangers.open(f"assistants/run/{run.pk}/change/")).status_code == 404


async def test_editors_see_what_a_run_did_and_not_what_it_used_or_cost(console, acme, staff, in_acme):
    run = await in_acme(make_run, acme.member, error_code="model_busy", error_detail_admin="status 429")
    shown = {}
    for name in ("editor", "admin"):
        theirs = await console(acme.host, name)
        pages = ("assistants/run/", f"assistants/run/{run.pk}/change/", f"assistants/thread/{run.thread_id}/change/")
        shown[name] = [(await theirs.open(page)).text for page in pages]
    for said, where in (("$0.0006498", 0), ("$0.0006498", 1), ("tokens in", 1), ("status 429", 1), ("tokens in", 2)):
        assert said in shown["admin"][where], said
        assert said not in shown["editor"][where], said
    assert run.model in shown["editor"][0]
    assert 'data-testid="step"' in shown["editor"][1]
