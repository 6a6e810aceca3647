"""Lists that are long: paged through up to a bound, searched by words, and forms that do not list everybody."""

from __future__ import annotations

import pytest

from assistants import admin, run_admin
from assistants.models import Run, Thread
from rag.models import Collection, Document
from tenants.admin import BoundedPaginator, UncountedPaginator, base, member_field, paging
from tenants.context import tenant_context
from tenants.models import AccessRule, ApiKey, Budget
from tenants.words import with_words
from tests.receipts import make_run


def test_pages_of_rows_end_at_a_bound_and_hold_each_row_once(acme, monkeypatch):
    monkeypatch.setattr(paging, "MOST_ROWS", 7)
    with tenant_context(acme.ref):
        Thread.objects.bulk_create([Thread(name=f"t{i}") for i in range(9)])
        rows = Thread.objects.order_by("-created_at", "-pk")
        expected = [thread.pk for thread in rows[:7]]
        for few in (0, 100):
            monkeypatch.setattr(paging, "FEW_ROWS", few)
            pages = BoundedPaginator(rows, 3)
            assert (pages.count, pages.num_pages, pages.is_cut) == (7, 3, True)
            seen = [thread.pk for number in pages.page_range for thread in pages.page(number).object_list]
            assert seen == expected
        monkeypatch.setattr(paging, "MOST_ROWS", 100)
        assert not BoundedPaginator(rows, 3).is_cut
        uncounted = UncountedPaginator(rows, 3)
        assert len(uncounted.page(2).object_list) == 3
        assert (uncounted.has_more, uncounted.is_cut) == (True, False)
        assert len(uncounted.page(3).object_list) == 3
        assert (uncounted.has_more, uncounted.is_cut) == (False, False)
        assert list(uncounted.page(4).object_list) == []
        monkeypatch.setattr(paging, "MOST_ROWS", 6)
        assert len(uncounted.page(2).object_list) == 3
        assert (uncounted.has_more, uncounted.is_cut) == (False, True)


def test_rows_are_found_by_how_their_words_begin(acme):
    with tenant_context(acme.ref):
        collection = Collection.objects.create(name="c")
        facts = {"collection": collection, "size": 1, "media_type": "text/plain"}
        Document.objects.create(title="Service handbook: T600", source="files/warm-up_notes.md", **facts)
        Document.objects.create(title="Übersicht", source="", **facts)

        def found(asked: str) -> list[str]:
            return [document.title[:7] for document in with_words(Document.objects.all(), ("title", "source"), asked)]

        for asked in ("service", "HAND", "t600 serv", "warm", "notes", "files/warm-up", "up_notes.md", "md"):
            assert found(asked) == ["Service"], asked
        assert found("über") == ["Übersic"]
        for nothing in ("ervice", "service t700", "", "  ", "'", "\\", "&|!()<->:*", "%", "\x00"):
            assert found(nothing) == [], nothing
        assert found("service' | 'x") == []


async def test_threads_and_their_runs_are_found_by_name_and_by_who_asked(console, acme, in_acme):
    anvils = await in_acme(Thread.objects.create, name="Anvils, heavy", created_by=acme.owner)
    refunds = await in_acme(Thread.objects.create, name="Refunds", created_by=acme.member)
    await in_acme(make_run, acme.member, refunds, status="failed")
    owners = await console(acme.host, "owner")

    async def listed(query: str) -> set[str]:
        page = (await owners.open(f"assistants/thread/?{query}")).text
        return {thread.name for thread in (anvils, refunds) if f"/{thread.pk}/change/" in page}

    assert await listed("q=anv+hea") == {"Anvils, heavy"}
    assert await listed("q=member") == {"Refunds"}
    assert await listed("q=owner%40example.com") == {"Anvils, heavy"}
    assert await listed("q=nothing") == set()
    assert await listed("runs=failed") == {"Refunds"}
    assert await listed("runs=failed&q=anvils") == set()
    assert await listed("runs=active") == set()
    assert await in_acme(Run.objects.count) == 1


async def test_a_search_says_that_it_found_more_than_it_shows(console, acme, in_acme, monkeypatch):
    monkeypatch.setattr(base, "MOST_FOUND", 2)
    for number in range(3):
        await in_acme(Thread.objects.create, name=f"Member {number}", created_by=acme.owner)
    await in_acme(Thread.objects.create, name="Refunds", created_by=acme.member)
    owners = await console(acme.host, "owner")
    page = (await owners.open("assistants/thread/?q=member")).text
    assert [f"Member {number}" in page for number in range(3)] == [False, True, True]
    assert "Refunds" in page
    assert 'data-testid="cut"' in page
    assert "The search finds more than is shown here. Narrow the search" in page
    assert 'data-testid="cut"' not in (await owners.open("assistants/thread/?q=refunds")).text


async def test_members_are_found_by_role(console, acme, in_acme):
    owners = await console(acme.host, "owner")
    page = await owners.open("tenants/user/")
    assert page.text.count("?role=") == 4
    role = await in_acme(lambda: acme.owner.groups.get().pk)
    listed = (await owners.open(f"tenants/user/?role={role}")).text
    assert "owner@example.com" in listed
    assert "member@example.com" not in listed
    assert (await owners.open("tenants/user/?role=x")).status_code == 200


async def test_where_there_are_many_members_one_is_named_and_not_chosen(console, acme, in_acme, monkeypatch):
    monkeypatch.setattr(member_field, "MOST_LISTED", 1)
    owners = await console(acme.host, "owner")
    page = await owners.open("tenants/apikey/add/")
    assert "outsider" not in page.text
    assert "Write the user name." in page.text
    sent = {"name": "For Max", "scopes": "chat"}
    unknown = await owners.send("tenants/apikey/add/", **sent, user="nobody")
    assert "There is no member with this user name." in unknown.text
    made = await owners.send("tenants/apikey/add/", **sent, user="outsider")
    assert "key-made" in made.text
    assert await in_acme(lambda: ApiKey.objects.get(name="For Max").user) == acme.outsider
    itself = await owners.send("tenants/apikey/add/", **{**sent, "name": "Itself"}, user="")
    assert "key-made" in itself.text
    rule = {"effect": "deny", "action": "thread.view", "audience": "api_key", "enabled": "on"}
    unknown = await owners.send("tenants/accessrule/add/", **rule, api_key="at_nothing")
    assert "There is no key that begins so." in unknown.text
    key = await in_acme(lambda: ApiKey.objects.get(name="For Max"))
    assert (await owners.send("tenants/accessrule/add/", **rule, api_key=f" {key.prefix} ")).status_code == 302
    stored = await in_acme(lambda: AccessRule.objects.get(api_key=key).pk)
    assert f'value="{key.prefix}"' in (await owners.open(f"tenants/accessrule/{stored}/change/")).text
    terms = {"scope": "member", "period": "day", "tokens": "50000", "cost": "", "note": "", "assistant_id": ""}
    assert (await owners.send("tenants/budget/add/", **terms, enabled="on", member="member")).status_code == 302
    pk = await in_acme(lambda: Budget.objects.get(note="").pk)
    assert 'value="member"' in (await owners.open(f"tenants/budget/{pk}/change/")).text


async def test_a_list_says_when_it_has_looked_at_the_newest_only(console, acme, in_acme, monkeypatch):
    monkeypatch.setattr(admin, "MOST_FOUND", 1)
    monkeypatch.setattr(run_admin, "MOST_CONVERSATIONS", 1)
    for name in ("Anvils", "Anvils again"):
        thread = await in_acme(Thread.objects.create, name=name, created_by=acme.member)
        await in_acme(make_run, acme.member, thread, status="failed")
    owners = await console(acme.host, "owner")
    threads = (await owners.open("assistants/thread/?runs=failed")).text
    runs = (await owners.open("assistants/run/?q=anvils")).text
    for page, said in ((threads, "the conversations of the newest 1."), (runs, "the newest 1 conversations")):
        assert said in page
        assert "Narrow the search" in page
        assert "Anvils again" in page
    assert 'data-testid="cut"' not in (await owners.open("assistants/run/?q=again")).text


@pytest.mark.parametrize("path", ["assistants/thread/?p=900", "assistants/run/?p=900", "tenants/user/?p=x"])
async def test_a_page_that_is_not_there_leads_back_to_the_list(console, acme, path):
    owners = await console(acme.host, "owner")
    assert (await owners.open(path)).status_code in (200, 302)
