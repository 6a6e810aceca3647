"""A site's figures in the console: what is counted, whose it is, and who sees it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from langchain_core.messages import AIMessage, message_to_dict

from assistants.models import Message, Run, Thread
from embed.models import Site, SiteDay
from embed.use_cases.site_figures import site_figures
from tenants.errors import NotAllowed
from tenants.models import Visitor
from tests.consoles import PUBLIC_HOST, Console
from tests.statements import counted


def make_conversation(site: Site, cited: bool, thumb: int | None, cost: Decimal | None, days_ago: int) -> None:
    """A visitor's question and its answer, so many days ago."""
    moment = timezone.now() - timedelta(days=days_ago)
    visitor = Visitor.objects.create(site_id=site.pk, seen_at=moment)
    thread = Thread.objects.create(name="Secret words", visitor=visitor, assistant_id=site.assistant_id)
    run = Run.objects.create(thread=thread, assistant_id=site.assistant_id, status="completed", cost=cost)
    answer = Message.objects.create(
        thread=thread,
        run=run,
        message=message_to_dict(AIMessage("An answer")),
        citations=[{"number": 1}] if cited else [],
        thumb=thumb,
    )
    for row in (thread, run, answer):
        type(row).objects.filter(pk=row.pk).update(created_at=moment)


@pytest.fixture
async def shop(acme) -> Site:
    def make() -> Site:
        today = timezone.now().date()
        site, other = (
            Site.objects.create(
                id=name, name=name.title(), assistant_id="docs_assistant", origins=["https://a.example"]
            )
            for name in ("shop", "blog")
        )
        make_conversation(site, cited=True, thumb=1, cost=Decimal("0.25"), days_ago=0)
        make_conversation(site, cited=False, thumb=-1, cost=Decimal("0.5"), days_ago=0)
        make_conversation(site, cited=False, thumb=1, cost=None, days_ago=2)
        make_conversation(site, cited=False, thumb=None, cost=Decimal(4), days_ago=20)
        make_conversation(other, cited=False, thumb=-1, cost=Decimal(9), days_ago=0)
        SiteDay.objects.create(site=site, day=today, messages=5)
        SiteDay.objects.create(site=site, day=today - timedelta(days=20), messages=7)
        return site

    return await acme.run(make)


async def test_the_figures_are_of_this_site_and_these_days(shop, acme, server):
    owner = await acme.run(lambda: acme.actor(acme.owner))

    def figures(days: int) -> tuple:
        found = site_figures(owner, shop, days)
        return (
            *(found.conversations, found.visitors, sum(found.messages.values()), found.answered),
            *(sum(found.without_source.values()), found.resolution, found.thumbs, found.cost, found.unpriced),
        )

    assert await acme.run(lambda: figures(7)) == (3, 3, 5, 3, 2, 67, 3, Decimal("0.75"), 1)
    assert await acme.run(lambda: figures(30)) == (4, 4, 12, 4, 3, 67, 3, Decimal("4.75"), 1)
    console = Console(server.client(acme.host))
    await console.sign_in("owner")
    page = (await console.open("embed/site/shop/figures/?days=7")).text
    cells = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', page)
    assert dict(cells[:6]) == {
        "Conversations that began": "3",
        "Visitors": "3",
        "Answers": "3",
        "Answers without a source": "2",
        "Resolved, by thumbs": "67 % of 3 rated answers",
        "Cost": "$0.7500, and 1 answer whose price is not known",
    }
    assert page.count("<svg") >= 2
    assert "Secret words" not in page


async def test_they_take_few_statements_and_are_for_who_manages_chats(shop, acme):
    def look() -> int:
        owner = acme.actor(acme.owner)
        with counted() as statements:
            site_figures(owner, shop, 90)
        with pytest.raises(NotAllowed):
            site_figures(acme.actor(acme.member), shop, 90)
        return len(statements.reads)

    assert await acme.run(look) <= 5


async def test_an_operator_sees_the_numbers_of_a_tenants_chats_and_none_of_its_texts(
    shop, acme, globex, server, operator
):
    console = Console(server.client(PUBLIC_HOST))
    await console.sign_in("operator")
    page = (await console.open(f"tenants/tenant/{acme.ref.id}/embedded-chats/?days=7")).text
    rows = re.findall(r'<th scope="row">([^<]+)</th>\s*' + r"<td>([^<]*)</td>\s*" * 7, page)
    assert rows == [
        ("Blog", "1", "1", "0", "1", "1", "0 % of 1", "$9.00"),
        ("Shop", "3", "3", "5", "3", "2", "67 % of 3", "$0.7500, and 1 of unknown price"),
    ]
    assert "Secret words" not in page
    form = (await console.open(f"tenants/tenant/{acme.ref.id}/change/")).text
    assert f"/admin/tenants/tenant/{acme.ref.id}/embedded-chats/" in form
    assert "has no embedded chat" in (await console.open(f"tenants/tenant/{globex.ref.id}/embedded-chats/")).text
    assert (await console.open("tenants/tenant/0/embedded-chats/")).status_code == 404
    stranger = Console(server.client(PUBLIC_HOST))
    assert (await stranger.open(f"tenants/tenant/{acme.ref.id}/embedded-chats/")).status_code == 302
