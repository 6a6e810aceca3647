"""The audit log in both consoles and over HTTP: what people do is in it; who may can read it and take it out."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from tenants.audit import export, record
from tenants.models import AccessRule, AuditEntry, Budget, MemberGroup, OperatorKey, Plan, Tenant
from tenants.use_cases.operator_keys import issue_operator_key
from tests.audit import in_public, logged
from tests.consoles import PUBLIC_HOST
from tests.factories import PASSWORD
from tests.sessions import session_of

LOG = "tenants/auditentry/"


async def log_some(tenant, number: int = 1, action: str = "thing.done") -> None:
    def write() -> None:
        for i in range(number):
            record(action, tenant.owner, after={"number": i}, alone=True)

    await tenant.run(write)


# -- what is in it


async def test_what_an_administrator_does_in_the_console_is_recorded(console, acme):
    owner = await console(acme.host, "owner")
    rule = {"effect": "deny", "action": "assistant.*", "audience": "member", "member": acme.member.pk, "enabled": "on"}
    assert (await owner.send("tenants/accessrule/add/", **rule)).status_code == 302
    made = await acme.run(lambda: AccessRule.objects.latest("pk").pk)
    page = f"tenants/accessrule/{made}/change/"
    assert (await owner.send(page, **rule, note="Left the company")).status_code == 302
    pressed = {"_selected_action": made, "index": "0"}
    await owner.send("tenants/accessrule/", action="disable", **pressed)
    await owner.send("tenants/accessrule/", action="delete_selected", post="yes", **pressed)
    budget = {"scope": "tenant", "period": "month", "tokens": "50000", "enabled": "on"}
    assert (await owner.send("tenants/budget/add/", **budget)).status_code == 302
    budget_id = await acme.run(lambda: Budget.objects.get().pk)
    assert (await owner.send(f"tenants/budget/{budget_id}/delete/", post="yes")).status_code == 302
    said = await logged(acme)
    assert [each.action for each in said] == [
        "sign_in.succeeded",
        *("access_rule.added", "access_rule.changed", "access_rule.changed", "access_rule.deleted"),
        *("budget.added", "budget.deleted"),
    ]
    assert {(each.actor, each.via, each.address) for each in said} == {("owner", "console", "127.0.0.1")}
    assert said[2].after == {"note": "Left the company"}
    assert said[3].before == {"enabled": True}
    assert said[6].before["tokens"] == 50000


async def test_signing_in_failing_to_and_being_locked_out_is_recorded_without_what_was_typed(server, acme):
    client = server.client(acme.host)
    await client.get("/accounts/login/")
    for password in ["my-secret-password"] * 7:
        form = {"username": "member", "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        await client.post("/accounts/login/", data=form)
    form |= {"username": "typed-by-mistake", "password": "x"}
    await client.post("/accounts/login/", data=form)
    await client.post("/accounts/login/", data=form | {"username": "owner", "password": PASSWORD})
    said = await logged(acme)
    counted = [(each.action, each.actor_kind, each.target) for each in said]
    assert counted == [
        *[("sign_in.failed", "nobody", "member")] * 4,
        ("sign_in.locked", "nobody", "member"),
        ("sign_in.failed", "nobody", "member"),
        ("sign_in.failed", "nobody", ""),
        ("sign_in.succeeded", "member", "owner"),
    ]
    assert {(each.via, each.address) for each in said} == {("page", "127.0.0.1")}
    everything = json.dumps([each.before | each.after for each in said])
    assert "my-secret" not in everything
    assert "typed-by-mistake" not in everything


async def test_an_act_over_the_api_names_the_key_and_the_request(server, acme):
    session = await session_of(acme, acme.owner)
    answer = await server.client(acme.host, **session).patch(
        f"/api/members/{acme.member.pk}/", json={"roles": ["Editor"]}
    )
    assert answer.status_code == 200
    [said] = await logged(acme)
    assert (said.action, said.actor, said.via) == ("member.changed", "owner", "api")
    assert said.request_id == answer.headers["X-Request-ID"]


async def test_a_new_password_is_recorded_whoever_gives_it(console, acme):
    owner = await console(acme.host, "owner")
    given = {"password1": "a new battery for it", "password2": "a new battery for it"}
    answer = await owner.send(f"tenants/user/{acme.member.pk}/password/", **given)
    assert answer.status_code == 302
    [said] = await logged(acme, "member.password_changed")
    assert (said.actor, said.target, said.before, said.after) == ("owner", "member", {}, {})


async def test_what_operators_do_is_in_their_own_log(console, operator, acme):
    operators = await console(PUBLIC_HOST, "operator")
    new = {"name": "Initech", "schema_name": "initech", "host": "initech.localhost"}
    owner = {"owner_username": "bill", "owner_email": "bill@example.com", "owner_password": PASSWORD}
    assert (await operators.send("tenants/tenant/add/", **new, **owner)).status_code == 302
    tenant = await in_public(Tenant.objects.get, schema_name="initech")
    pressed = {"_selected_action": tenant.pk, "index": "0"}
    await operators.send("tenants/tenant/", action="suspend", **pressed)
    plan = {"name": "Large", "members": "10", "is_default": "on"}
    assert (await operators.send("tenants/plan/add/", **plan)).status_code == 302
    said = await logged()
    assert [(each.action, each.target) for each in said] == [
        ("sign_in.succeeded", "operator"),
        ("tenant.opened", "Initech"),
        ("tenant.suspended", "Initech"),
        ("plan.changed", "Standard"),
        ("plan.added", "Large"),
    ]
    assert {(each.actor_kind, each.actor) for each in said[1:]} == {("operator", "operator")}
    assert await in_public(Plan.objects.filter(is_default=True).count) == 1
    assert await logged(acme) == []


async def test_a_tenants_host_that_an_operator_changes_in_the_form_is_recorded(console, operator, acme):
    operators = await console(PUBLIC_HOST, "operator")
    page = f"tenants/tenant/{acme.ref.id}/change/"
    shown = (await operators.open(page)).text
    [domain] = re.findall(r'name="domains-0-id" value="(\d+)"', shown)
    rows = {
        **{"domains-TOTAL_FORMS": "2", "domains-INITIAL_FORMS": "1", "name": "Acme"},
        **{"domains-0-id": domain, "domains-0-tenant": acme.ref.id, "domains-0-domain": acme.host},
        **{"domains-0-is_primary": "on", "domains-1-tenant": acme.ref.id, "domains-1-domain": "more.localhost"},
    }
    assert (await operators.send(page, **rows)).status_code == 302
    remove = rows | {"domains-INITIAL_FORMS": "2", "domains-1-DELETE": "on"}
    shown = (await operators.open(page)).text
    remove["domains-1-id"] = dict(re.findall(r'name="(domains-\d-id)" value="(\d+)"', shown))["domains-1-id"]
    assert (await operators.send(page, **remove)).status_code == 302
    said = (await logged())[1:]
    assert [(each.action, each.target) for each in said] == [
        ("host.added", "more.localhost"),
        ("host.deleted", "more.localhost"),
    ]


# -- reading it


async def test_the_list_is_searched_and_filtered_and_an_entry_shows_before_and_after(console, acme):
    owner = await console(acme.host, "owner")
    await log_some(acme)
    await owner.send(f"tenants/user/{acme.member.pk}/change/", **member_form(roles=2, email="new@example.com"))
    found = (await owner.open(f"{LOG}?q=member&action=member.changed&about=member&since=7&via__exact=console")).text
    [changed] = await logged(acme, "member.changed")
    assert set(re.findall(r"auditentry/(\d+)/change/", found)) == {str(changed.pk)}
    page = (await owner.open(f"{LOG}{changed.pk}/change/")).text
    assert "<del>member@example.com</del>" in page
    assert "<ins>new@example.com</ins>" in page
    assert "127.0.0.1" in page


def member_form(**fields) -> dict[str, object]:
    return {"username": "member", "first_name": "", "last_name": "", "is_active": "on", **fields}


async def test_nobody_changes_or_deletes_an_entry_in_the_console(console, acme):
    owner = await console(acme.host, "owner")
    [entry] = await logged(acme)
    for path in (f"{LOG}add/", f"{LOG}{entry.pk}/delete/"):
        assert (await owner.open(path)).status_code == 403
    sent = await owner.client.post(
        f"/admin/{LOG}{entry.pk}/change/",
        data={"actor": "x", "csrfmiddlewaretoken": owner.client.cookies["csrftoken"]},
    )
    assert sent.status_code == 403
    assert [each.actor for each in await logged(acme)] == ["owner"]


async def test_editors_and_members_do_not_read_it(console, server, acme, staff):
    editor = await console(acme.host, "editor")
    [entry] = await logged(acme)
    for path in (LOG, f"{LOG}{entry.pk}/change/", f"{LOG}export/csv/"):
        assert (await editor.open(path)).status_code == 403
    for user, status in ((staff["admin"], 200), (staff["editor"], 403), (acme.member, 403)):
        client = server.client(acme.host, **await session_of(acme, user))
        assert (await client.get("/api/audit/")).status_code == status
        assert (await client.get("/api/audit/export")).status_code == status
    assert (await server.signed_in(acme).get("/api/audit/")).json()["code"] == "scope_missing"


# -- over HTTP


async def test_the_api_lists_it_in_pages_newest_first(server, acme, globex):
    await log_some(acme, 5)
    await log_some(globex, 1, "foreign.done")
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    seen, address = [], "/api/audit/?limit=2&action=thing.done"
    while address:
        answer = await client.get(address)
        seen += [entry["after"]["number"] for entry in answer.json()]
        following = re.match("<(.+?)>", answer.headers.get("Link", ""))
        address = following[1].split(str(server.port), 1)[1] if following else ""
    assert seen == [4, 3, 2, 1, 0]
    [entry] = (await client.get("/api/audit/", params={"search": "thing", "limit": 1})).json()
    assert (entry["actor_kind"], entry["target"], entry["via"]) == ("system", "owner", "command")


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({"target_kind": "member", "target_id": "0"}, 0),
        ({"since": "2020-01-01T00:00:00Z"}, 1),
        ({"since": "2999-01-01T00:00:00Z"}, 0),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
        ({"search": "OWNER done"}, 1),
        ({"search": "owner nothing"}, 0),
        ({"after": 1}, 0),
        ({"since": "2020-01-01T00:00:00"}, 422),
        ({"after": "x"}, 422),
        ({"limit": 501}, 422),
    ],
)
async def test_the_api_filters(server, acme, which, found):
    await log_some(acme)
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    answer = await client.get("/api/audit/", params=which)
    assert (len(answer.json()) if answer.status_code == 200 else answer.status_code) == found


async def test_it_is_taken_out_as_a_file_in_batches_and_that_is_recorded(server, console, acme, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 2)
    await log_some(acme, 5)
    await acme.run(lambda: record("thing.done", acme.owner, after={"note": "=1+1"}, by=acme.owner, alone=True))
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    lines = await client.get("/api/audit/export?action=thing.done")
    rows = [json.loads(line) for line in lines.text.splitlines()]
    assert [row["after"] for row in rows] == [{"note": "=1+1"}, *({"number": number} for number in (4, 3, 2, 1, 0))]
    table = await client.get("/api/audit/export?action=thing.done&format=csv")
    assert table.headers["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    read = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["after"] for row in read] == [json.dumps(row["after"]) for row in rows]
    owner = await console(acme.host, "owner")
    links = re.findall(r'href="(export/[^"]+)"', (await owner.open(f"{LOG}?action=thing.done")).text)
    assert links == ["export/csv/?action=thing.done", "export/jsonl/?action=thing.done"]
    assert (await owner.open(f"{LOG}{links[1]}")).text == lines.text
    taken = [(each.actor, each.via, each.after["format"]) for each in await logged(acme, "audit_log.exported")]
    assert taken == [("owner", "api", "jsonl"), ("owner", "api", "csv"), ("owner", "console", "jsonl")]


async def test_a_cell_is_no_formula_for_a_spreadsheet(server, acme):
    await acme.run(lambda: record("=2+2", acme.owner, alone=True))
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    [row] = csv.DictReader(io.StringIO((await client.get("/api/audit/export?format=csv&action=%3D2%2B2")).text))
    assert row["action"] == "'=2+2"


async def test_operators_read_theirs_over_their_api(server, operator, acme):
    await log_some(acme)
    _, key = await in_public(issue_operator_key, operator, "script")
    client = server.client(PUBLIC_HOST, Authorization=f"Bearer {key}")
    renamed = await client.patch("/api/operator/tenants/acme/", json={"name": "Acme & Co"})
    assert renamed.status_code == 200
    await client.patch("/api/operator/tenants/acme/", json={"name": "Acme"})
    [entry] = (await client.get("/api/operator/audit/?action=tenant.renamed&limit=1")).json()
    assert (entry["actor"], entry["before"], entry["after"]) == (
        "operator (script)",
        {"name": "Acme & Co"},
        {"name": "Acme"},
    )
    assert '"action": "operator_key.issued"' in (await client.get("/api/operator/audit/export")).text
    actions = {each.action for each in await logged()}
    assert actions == {"operator_key.issued", "tenant.renamed", "audit_log.exported"}
    assert await in_public(OperatorKey.objects.count) == 1


async def test_without_signing_in_nobody_reads_anything(server, acme):
    for host, path in ((acme.host, "/api/audit/"), (PUBLIC_HOST, "/api/operator/audit/")):
        for address in (path, f"{path}export"):
            assert (await server.client(host).get(address)).status_code == 401
    assert await acme.run(lambda: AuditEntry.objects.exists()) is False


async def test_a_rows_history_is_what_the_log_has_of_it(console, acme, staff, in_acme):
    owners = await console(acme.host, "owner")
    for name in ("Handbook", "Payroll"):
        assert (await owners.send("tenants/membergroup/add/", name=name)).status_code == 302
    group = await in_acme(lambda: MemberGroup.objects.get(name="Handbook").pk)
    assert (
        f"/admin/tenants/membergroup/{group}/history/"
        in (await owners.open(f"tenants/membergroup/{group}/change/")).text
    )
    log = await owners.client.get(f"/admin/tenants/membergroup/{group}/history/", follow_redirects=True)
    listed = log.text[log.text.index("result_list") :]
    assert "Handbook" in listed
    assert "Payroll" not in listed
    editors = await console(acme.host, "editor")
    assert (await editors.open(f"tenants/membergroup/{group}/history/")).status_code == 403
