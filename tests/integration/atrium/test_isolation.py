"""The isolation canary: globex asks for everything of acme's, and learns nothing, not even that it is there.

What there is to ask comes from the documents and the registries (tests/isolation/inventory.py), and what is sent from
tests/isolation/entries.py. Every question is asked twice, with an id of acme's and with one that nobody has: the
answers are 401, 403 or 404, and alike to the last header; the database is asked as many statements; and no answer holds
acme's mark. In the end nothing of acme's has changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection, transaction
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app as procrastinate
from procrastinate.contrib.django.models import ProcrastinateJob

from assistants.models import IdempotencyKey
from embed.tokens import new_token
from embed.use_cases.sessions import open_session
from tenants.actors import acting_as
from tenants.context import owner_rights, public_context, tenant_context
from tenants.database import in_database
from tenants.keys import create_api_key
from tenants.links import invitation_of, reset_tokens
from tenants.models import Tenant
from tenants.scopes import SCOPES
from tests.consoles import PUBLIC_HOST
from tests.factories import TenantFixture
from tests.isolation import entries, inventory, kinds
from tests.isolation.entries import Entry
from tests.isolation.world import ALIKE, World, absent, clear_world, make_world
from tests.sessions import session_of
from tests.statements import counted

REFUSED = frozenset({401, 403, 404})
VARYING = ("date", "x-request-id")
SIGN_IN = "/login/"


@dataclass
class Canary:
    """acme's world, globex's, and the sentences about what went wrong."""

    server: Any
    acme: World
    globex: World
    stolen: Mapping[str, Mapping[str, str]]
    """Headers that are good at acme: of its owner by a key and by a session, of a visitor of its site by a token."""
    faults: list[str] = field(default_factory=list)

    def filled(self, value: Any, foreign: frozenset[str] = frozenset(), nobodys: bool = False) -> Any:
        """``value`` with ids for "{kind}": acme's (or nobody's, in their place) for the kinds in ``foreign``, else
        globex's own."""
        if isinstance(value, Mapping):
            return {name: self.filled(inner, foreign, nobodys) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(inner, foreign, nobodys) for inner in value]
        if not isinstance(value, str):
            return value
        return re.sub(r"\{(\w+)\}", lambda found: self._id(found[1], foreign, nobodys), value)

    def _id(self, kind: str, foreign: frozenset[str], nobodys: bool) -> str:
        if kind not in foreign:
            return self.globex.ids[kind]
        theirs = self.acme.ids[kind]
        return absent(theirs) if nobodys else theirs

    def plain(self, response: httpx.Response) -> tuple[int, dict[str, str], str]:
        """An answer without what differs from request to request."""
        swaps = {response.headers.get("x-request-id", "no request id"): "<request>"}
        swaps |= {absent(id): id for id in self.acme.ids.values()}

        def same(text: str) -> str:
            for sent, shown in swaps.items():
                text = text.replace(sent, shown)
            text = re.sub(r"(csrfmiddlewaretoken\" value=\"|csrftoken=)[^\";]+", r"\1<token>", text)
            text = re.sub(r"expires=[^;]+", "expires", text)
            text = re.sub(r"(messages=[\w.-]+):[\w-]+:[\w-]+", r"\1", text)  # signed, with the second in which it was
            text = re.sub(r"nonce[-=]\"?[\w-]+", "nonce", text)
            return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{22}", "<uuid>", text)

        headers = {name: same(value) for name, value in response.headers.items() if name not in VARYING}
        headers.pop("expires", None)
        return response.status_code, headers, same(response.text)

    def look(self, what: str, response: httpx.Response, allowed: frozenset[int] = REFUSED) -> None:
        """Note an answer that should not have been given."""
        if response.status_code not in allowed:
            self.faults.append(f"{what}: {response.status_code} {response.text[:200]}")
        if self.acme.mark in response.text:
            self.faults.append(f"{what}: the answer holds acme's mark")

    async def twice(
        self,
        what: str,
        ask: Callable[[bool], Awaitable[httpx.Response]],
        allowed: frozenset[int] = REFUSED,
    ) -> None:
        """Ask with acme's id and with nobody's: both are refused, and alike."""
        for attempt in range(3):
            answers, numbers = [], []
            for nobodys in (False, True):
                with counted() as statements:
                    answers.append(await ask(nobodys))
                numbers.append(len(statements))
            if numbers[0] == numbers[1] or attempt == 2:
                break  # else a cache was filled, or a timer's statement came between: ask again
        for answer in answers:
            self.look(what, answer, allowed)
        foreign, nobodys_ = map(self.plain, answers)
        if foreign != nobodys_:
            self.faults.append(f"{what}: the answer for acme's id {difference(foreign, nobodys_)}")
        if numbers[0] != numbers[1]:
            self.faults.append(f"{what}: {numbers[0]} statements for acme's id and {numbers[1]} for nobody's")

    def verdict(self) -> None:
        """Fail with everything that went wrong."""
        assert not self.faults, "\n" + "\n".join(self.faults)


def difference(one: tuple[int, dict[str, str], str], other: tuple[int, dict[str, str], str]) -> str:
    """In what two answers differ, in words."""
    if one[0] != other[0]:
        return f"has the status {one[0]} and not {other[0]}"
    for name in sorted({*one[1], *other[1]}):
        if one[1].get(name) != other[1].get(name):
            return f"has the header {name}: {one[1].get(name)} and not {other[1].get(name)}"
    at = next((n for n, (mine, theirs) in enumerate(zip(one[2], other[2], strict=False)) if mine != theirs), 0)
    return f"has ...{one[2][max(at - 60, 0) : at + 80]!r} and not ...{other[2][max(at - 60, 0) : at + 80]!r}"


def fingerprint(tenant: TenantFixture) -> dict[str, Any]:
    """What all tables of a tenant hold, each as a number and a sum. When a key was last used is written by and by, also
    that of a key with the same number in the test before, and is left out."""
    with tenant_context(tenant.ref), owner_rights(), connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [tenant.ref.schema_name])
        tables = sorted(name for (name,) in cursor.fetchall())
        parts = [
            f"SELECT '{name}', count(*), md5(coalesce(string_agg(row, '|' ORDER BY row), ''))"
            f" FROM (SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM {connection.ops.quote_name(name)} t) r"
            for name in tables
        ]
        cursor.execute(" UNION ALL ".join(parts))
        return {name: (count, total) for name, count, total in cursor.fetchall()}


def visitors_token(world: World) -> str:
    """Good for a quarter of an hour at the world's tenant."""
    site = world.rows["site"]
    return new_token(open_session(site).session.pk, site.origins[0])


@pytest.fixture
async def canary(server, acme, globex) -> AsyncIterator[Canary]:
    """Both worlds; in the end acme's must be as it was."""

    worlds: dict[str, World] = {}

    def begin() -> None:
        for tenant, first_number in ((acme, 900_001), (globex, 700_001)):
            worlds[tenant.ref.schema_name] = make_world(tenant, first_number)
        with public_context():
            ProcrastinateJob.objects.all().delete()

    def end() -> None:
        for world in worlds.values():
            clear_world(world.tenant, world.numbers)

    try:
        await in_database(begin)
        _, secret = await acme.run(lambda: create_api_key("stolen", acme.owner, scopes=SCOPES))
        stolen = {
            "key": {"Authorization": f"Bearer {secret}"},
            "session": await session_of(acme, acme.owner),
            "visitor's token": {"Authorization": f"Bearer {await acme.run(lambda: visitors_token(worlds['acme']))}"},
        }
        before = await in_database(fingerprint, acme)
        mail.outbox.clear()
        yield Canary(server, worlds["acme"], worlds["globex"], stolen)
        after = await in_database(fingerprint, acme)
        assert {name for name in before if before[name] != after[name]} == set(), "acme's rows were changed"
        assert not [letter for letter in mail.outbox if worlds["acme"].mark in str(letter.message())]
    finally:
        await in_database(end)


@pytest.fixture
async def key(canary) -> httpx.AsyncClient:
    """globex's owner, by a key without limits."""
    tenant = canary.globex.tenant
    _, secret = await tenant.run(lambda: create_api_key("outsider", tenant.owner, scopes=SCOPES))
    return canary.server.client(tenant.host, Authorization=f"Bearer {secret}")


@pytest.fixture
async def session(canary) -> httpx.AsyncClient:
    """globex's owner, by a session: in the API and in the console."""
    tenant = canary.globex.tenant
    return canary.server.client(tenant.host, **await session_of(tenant, tenant.owner))


def operations() -> Iterator[tuple[inventory.Operation, Entry]]:
    """What globex's host serves, with what is sent."""
    for each in inventory.operations():
        yield each, entries.OPERATIONS[each.name]
    for each in inventory.openai_operations():
        yield each, entries.OPENAI[f"{each.method} {each.path}"]


def address_of(operation: inventory.Operation) -> str:
    """Its path with "{kind}" in each place."""
    return re.sub(r"\{(\w+)\}", lambda found: f"{{{entries.IN_PATH[found[1]]}}}", operation.path)


def kinds_in(*values: Any) -> list[str]:
    """The kinds of ids in some values, in their order."""
    return list(dict.fromkeys(re.findall(r"\{(\w+)\}", json.dumps(values))))


def request(canary: Canary, client: httpx.AsyncClient, operation: Any, entry: Entry, **which: Any) -> Any:
    """Ask the operation once."""
    path, query, body = canary.filled([address_of(operation), dict(entry.query), entry.body], **which)
    return client.request(operation.method, path, params=query or None, **entry.sent(body))


# -- ids


async def test_ids_of_another_tenant_are_ids_of_nobody_in_every_operation(canary, key):
    for operation, entry in operations():
        places = kinds_in(address_of(operation), entry.query, entry.body)
        chosen = [frozenset({kind}) for kind in places] + ([frozenset(places)] if len(places) > 1 else [])
        for foreign in chosen:
            in_path = set(kinds_in(address_of(operation))) & foreign
            allowed = REFUSED if in_path else REFUSED | entry.also
            await canary.twice(
                f"{operation.label} with acme's {', '.join(sorted(foreign))}",
                lambda nobodys, o=operation, e=entry, f=foreign: request(canary, key, o, e, foreign=f, nobodys=nobodys),
                allowed,
            )
    canary.verdict()


async def test_what_an_operation_lists_is_never_another_tenants(canary, key):
    for operation, entry in operations():
        if operation.method == "GET" and not operation.in_path:
            for search in ({}, {"search": canary.acme.beginning}, {"limit": 100}):
                query = canary.filled({k: v for k, v in entry.query.items() if k in operation.needed} | search)
                answer = await key.get(operation.path, params=query)
                canary.look(operation.label, answer, frozenset({200, 422}))
    said = {"query": f"The canary sings: {canary.acme.beginning}", "limit": 10}
    canary.look("a search for acme's words", await key.post("/api/collections/search/", json=said), frozenset({200}))
    canary.verdict()


async def test_a_members_thread_is_nobodys_for_another_member_too(canary):
    """The same walk inside one tenant: rows of the owner's, asked for by a member who owns none."""
    globex = canary.globex.tenant
    outsider = canary.server.client(
        globex.host, Authorization=f"Bearer {(await globex.run(lambda: create_api_key('o', globex.outsider)))[1]}"
    )
    own = {"thread", "message", "run"}
    for operation, entry in operations():
        if own & set(kinds_in(address_of(operation))):
            path = canary.filled(address_of(operation))
            answer = await outsider.request(operation.method, path, **entry.sent(canary.filled(entry.body)))
            canary.look(f"{operation.label} of the owner's thread", answer)
    canary.verdict()


# -- credentials


def like(stolen: Mapping[str, str]) -> dict[str, str]:
    """Credentials of the same form that nobody has."""
    name = django_settings.SESSION_COOKIE_NAME
    unknown = {"Authorization": absent, "Cookie": lambda text: re.sub(rf"{name}=\w+", f"{name}={'z' * 32}", text)}
    return {header: unknown.get(header, str)(value) for header, value in stolen.items()}


async def test_keys_sessions_and_tokens_of_another_tenant_are_nobodys_at_every_operation(canary):
    hosts = [(canary.globex.tenant.host, list(operations()))]
    operator = [(each, entries.OPERATOR[each.name]) for each in inventory.operations("openapi-operator.json")]
    hosts.append((PUBLIC_HOST, operator))
    for host, asked in hosts:
        clients = [
            (kind, canary.server.client(host, **headers), canary.server.client(host, **like(headers)))
            for kind, headers in canary.stolen.items()
        ]
        for (operation, entry), (kind, theirs, nobodys) in product(asked, clients):
            everything = frozenset(kinds_in(address_of(operation), entry.query, entry.body))
            await canary.twice(
                f"{operation.label} at {host} with acme's {kind}",
                lambda no, o=operation, e=entry, t=theirs, n=nobodys, f=everything: request(
                    canary, n if no else t, o, e, foreign=f
                ),
            )
    canary.verdict()


async def test_a_suspended_tenants_people_get_nowhere(canary):
    acme = canary.acme.tenant
    client = canary.server.client(acme.host, **canary.stolen["key"])
    for status in (Tenant.Status.SUSPENDED, Tenant.Status.ARCHIVED):
        await in_database(_set_status, acme, status)
        for operation, entry in operations():
            path, query, body = canary.filled([address_of(operation), dict(entry.query), entry.body])
            answer = await client.request(operation.method, path, params=query or None, **entry.sent(body))
            canary.look(f"{operation.label} of a tenant that is {status}", answer)
        for page in inventory.pages():
            answer = await client.get(f"/{canary.filled(page_with_kinds(page))}")
            canary.look(f"GET {page.address} of a tenant that is {status}", answer)
    canary.verdict()


def _set_status(tenant: TenantFixture, status: str) -> None:
    with public_context():
        row = Tenant.objects.get(pk=tenant.ref.id)
        row.status = status
        row.save()


async def test_no_header_turns_one_host_into_another(canary, key):
    theirs = canary.filled("/api/threads/{thread}/", frozenset({"thread"}))
    acme = canary.acme.tenant.host
    for headers in (
        {"X-Forwarded-Host": acme},
        {"X-Forwarded-Server": acme, "Forwarded": f"host={acme}"},
        {"X-Original-URL": f"http://{acme}{theirs}", "X-Rewrite-URL": theirs},
        {"X-Tenant": "acme", "X-Schema-Name": "acme", "X-HTTP-Method-Override": "DELETE"},
    ):
        canary.look(f"a thread of acme's with {headers}", await key.get(theirs, headers=headers))
        canary.look(f"threads with {headers}", await key.get("/api/threads/", headers=headers), frozenset({200}))
    nowhere = canary.server.client("nobody.localhost", **canary.stolen["key"])
    canary.look("a host that nobody has", await nowhere.get("/api/threads/"))
    canary.verdict()


async def test_another_tenants_idempotency_key_is_a_new_one(canary, key):
    """The same key, sent by the same caller's number, is another request at another tenant."""
    same, body = (
        {"Idempotency-Key": "the same"},
        {"assistant_id": "docs_assistant", "content": "Hello?", "mode": "wait"},
    )
    path = canary.filled("/api/threads/{thread}/runs/")
    first = await key.post(path, json=body, headers=same)
    keys = await canary.globex.tenant.run(lambda: list(IdempotencyKey.objects.values_list("key", flat=True)))
    assert (first.status_code, len(keys)) == (201, 1)
    assert not await canary.acme.tenant.run(IdempotencyKey.objects.exists)
    client = canary.server.client(canary.acme.tenant.host, **canary.stolen["key"])
    theirs = await client.post(path, json=body, headers=same)  # globex's thread, at acme
    canary.look("globex's request, sent again at acme", theirs)
    canary.verdict()


# -- pages


def page_with_kinds(page: inventory.Page) -> str:
    """Its address with "{kind}" in each place."""
    kind = kinds.model_of(page)
    of = dict.fromkeys(page.places, kind) if kind else entries.PAGES.get(page.address, {})
    return re.sub(r"\{(\w+)\}", lambda found: f"{{{of[found[1]]}}}", page.address)


async def test_pages_about_a_row_of_another_tenants_are_pages_about_nothing(canary, session):
    for page in inventory.pages():
        if not page.places:
            continue
        address = page_with_kinds(page)
        foreign = frozenset(kinds_in(address)) - ALIKE
        if not foreign:
            canary.look(f"GET {page.address}", await session.get(f"/{canary.filled(address)}"), frozenset({200}))
            continue
        for method, sent in (("GET", None), ("POST", {"post": "yes", "_save": "Save", "_selected_action": "1"})):
            await canary.twice(
                f"{method} {page.address}",
                lambda nobodys, a=address, f=foreign, m=method, s=sent: session.request(
                    m, f"/{canary.filled(a, f, nobodys)}", data=s
                ),
                REFUSED | also_of(page),
            )
    canary.verdict()


def also_of(page: inventory.Page) -> frozenset[int]:
    """Further statuses of a page. Django sends ``{object_id}/`` on to the form, without a look at the row."""
    if page.address.endswith("/{object_id}/"):
        return frozenset({302})
    return ALSO_OF_PAGES.get(page.address, frozenset())


ALSO_OF_PAGES: Mapping[str, frozenset[int]] = {
    "accounts/invitation/{token}/": frozenset({404, 410}),
    "accounts/password/{uidb64}/{token}/": frozenset({200}),  # one page for every link that is no good
}


async def test_links_of_another_tenants_letters_open_nothing(canary):
    """Sent by somebody who is not signed in, with what the form would send; at their own tenant the links are good."""
    person = {"first_name": "E", "last_name": "", "password": "a long pass phrase 7", "again": "a long pass phrase 7"}
    passwords = {"new_password1": "a long pass phrase 7", "new_password2": "a long pass phrase 7"}
    token = {"Cookie": f"csrftoken={'t' * 32}", "X-CSRFToken": "t" * 32}
    for link, sent in (
        ("/accounts/invitation/{invitation_token}/", person),
        ("/accounts/password/{reset_uid}/{reset_token}/", passwords),
        ("/accounts/password/{reset_uid}/set-password/", passwords),
    ):
        address = canary.filled(link, frozenset(kinds_in(link)))
        client = canary.server.client(canary.globex.tenant.host, **token)
        for answer in (await client.get(address), await client.post(address, data=sent)):
            canary.look(link, answer, frozenset({200, 404, 410}))  # a page that says that the link is no good
            assert "new_password1" not in answer.text
    invitation, member = canary.acme.rows["invitation"], canary.acme.rows["member"]

    def are_good() -> bool:
        found = invitation_of(canary.acme.ids["invitation_token"])
        return found == invitation and reset_tokens.check_token(member, canary.acme.ids["reset_token"])

    assert await canary.acme.tenant.run(lambda: transaction.atomic(are_good)())
    canary.verdict()


async def test_pages_without_a_place_show_nothing_of_another_tenants(canary, session):
    for page in inventory.pages():
        if page.places or "logout" in page.address:
            continue
        for query in ({}, {"q": canary.acme.beginning}):
            answer = await session.get(f"/{page.address}", params=query)
            allowed = frozenset({200, 301, 302, 403, 404, 405})
            canary.look(f"GET {page.address} {query or ''}", answer, allowed)
    canary.verdict()


def row_admins() -> Iterator[tuple[str, Any, Any]]:
    """The pages about rows in a tenant's console: address, model and admin."""
    from atrium.consoles import tenant_site

    for model, admin in tenant_site._registry.items():
        yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/", model, admin


async def test_actions_on_rows_of_another_tenants_do_nothing(canary, session):
    for address, model, admin in row_admins():
        foreign = frozenset({entries.MODELS[model._meta.label]})
        names = [name if isinstance(name, str) else name.__name__ for name in admin.actions or ()]
        for action in (*names, "delete_selected"):
            sent = {"action": action, "_selected_action": f"{{{next(iter(foreign))}}}", "post": "yes", "index": "0"}
            await canary.twice(
                f"the action {action} of {address}",
                lambda nobodys, a=address, s=sent, f=foreign: session.post(a, data=canary.filled(s, f, nobodys)),
                REFUSED | {200, 302},  # back to the list, on which nothing was selected
            )
    canary.verdict()


KIND_OF_MODEL = {**entries.MODELS, "auth.Group": "group", "assistants.Message": "message"}


async def test_a_form_takes_no_row_of_another_tenants(canary, session):
    for address, model, _ in row_admins():
        related = {field.name: field.related_model for field in model._meta.fields if field.is_relation}
        for name, other in related.items():
            kind = KIND_OF_MODEL.get(other._meta.label)
            if kind is None:
                continue
            sent = {name: f"{{{kind}}}"}
            await canary.twice(
                f"{name} in the form of {address}",
                lambda nobodys, a=address, s=sent, k=kind: session.post(
                    f"{a}add/", data=canary.filled(s, frozenset({k}), nobodys)
                ),
                REFUSED | {200},  # the form again, with what is wrong
            )
            search = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": name}
            answer = await session.get("/admin/autocomplete/", params={**search, "term": canary.acme.beginning})
            canary.look(f"suggestions for {name} of {address}", answer, REFUSED | {200})
    canary.verdict()


async def test_sessions_of_another_tenant_open_no_page(canary):
    headers = canary.stolen["session"]
    for host, urls in ((canary.globex.tenant.host, inventory.TENANT_URLS), (PUBLIC_HOST, inventory.PUBLIC_URLS)):
        theirs, nobodys_ = canary.server.client(host, **headers), canary.server.client(host, **like(headers))
        for page in inventory.pages(urls):
            if not page.address.startswith("admin/"):
                continue
            address = re.sub(r"\{\w+\}", canary.acme.ids["member"], page.address)
            await canary.twice(
                f"GET {page.address} at {host} with acme's session",
                lambda no, a=address, t=theirs, n=nobodys_: (n if no else t).get(f"/{a}"),
                REFUSED | {200, 302},  # the sign-in page, or to it
            )
    canary.verdict()


# -- jobs, tools, retrievers


async def work() -> list[tuple[str, str]]:
    """Run all that is queued, once. Returns how each kind of job ended."""
    worker = procrastinate.with_connector(procrastinate.connector.get_worker_connector())
    async with worker.open_async():
        await worker.run_worker_async(wait=False, install_signal_handlers=False, concurrency=1)

    def ends() -> list[tuple[str, str]]:
        with public_context():
            return list(ProcrastinateJob.objects.order_by("pk").values_list("task_name", "status"))

    return await in_database(ends)


async def test_jobs_find_no_row_of_another_tenants(canary):
    jobs = {name: given for name, given in entries.JOBS.items() if given is not entries.ALL_TENANTS}
    ended = []
    for nobodys in (False, True):
        for name, given in jobs.items():
            foreign = frozenset(kinds_in(given))
            arguments = numbers(canary.filled(given, foreign, nobodys))
            task = procrastinate.tasks[name]
            with tenant_context(canary.globex.tenant.ref):
                await in_database(lambda t=task, a=arguments: t.defer(tenant_schema="globex", **a))
        ended.append([end for end in await work() if end[0] in jobs])
        with public_context():
            await in_database(lambda: ProcrastinateJob.objects.all().delete() and None)
    assert ended[0] == ended[1]
    assert {name for name, _ in ended[0]} == set(jobs)
    canary.verdict()


def numbers(value: Any) -> Any:
    """Ids that are numbers as numbers: arguments are typed, where an address is text."""
    if isinstance(value, Mapping):
        return {name: numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [numbers(inner) for inner in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value


async def outcome(work: Awaitable[Any]) -> str:
    """What came of it, as text."""
    try:
        return f"gave {await work!r}"
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"


async def test_tools_find_no_row_of_another_tenants(canary):
    globex = canary.globex.tenant
    actor = await in_database(globex.actor, globex.owner)
    with tenant_context(globex.ref), acting_as(actor):
        known = {
            f"{id}.{tool.name}": tool
            for id, cls in inventory.assistants().items()
            for tool in tools_of(cls, actor, globex)
        }
        for name, given in entries.TOOLS.items():
            foreign = frozenset(kinds_in(given))
            said = []
            for nobodys in (False, True):
                arguments = numbers(canary.filled(given, foreign, nobodys))
                said.append(await outcome(known[name].ainvoke(arguments)))
            assert canary.acme.mark not in said[0], name
            if foreign:
                swapped = said[1]
                for id in canary.acme.ids.values():
                    swapped = swapped.replace(absent(id), id)
                assert said[0] == swapped, name
                assert said[0].startswith("raised"), f"{name} {said[0]}"


def tools_of(cls: Any, actor: Any, tenant: TenantFixture) -> list[Any]:
    """The tools of an assistant that globex's owner asks."""
    return list(cls(actor=actor, user=tenant.owner).get_tools())


async def test_retrievers_find_no_passage_of_another_tenants(canary):
    globex = canary.globex.tenant
    actor = await in_database(globex.actor, globex.owner)
    with tenant_context(globex.ref), acting_as(actor):
        for id, cls in inventory.assistants().items():
            if cls.has_rag:
                found = await cls(actor=actor).get_retriever().ainvoke(f"The canary sings: {canary.acme.mark}")
                assert canary.acme.mark not in str(found), id
                assert canary.globex.mark in str(found), f"{id} finds nothing at all"
        for name, given in entries.RETRIEVERS.items():
            kind: Any = import_string(name)
            foreign = frozenset(kinds_in(given))
            said = []
            for nobodys in (False, True):
                retriever = kind(actor=actor, **canary.filled(given, foreign, nobodys))
                said.append(await outcome(retriever.ainvoke("canary")))
            assert said[0] == said[1], name
            assert said[0].startswith("raised"), f"{name} {said[0]}"
