"""The audit log: one entry for each administrative act, in its transaction, and nobody changes or deletes it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from rag.models import Collection
from tenants.audit import record, save_recorded, snapshot
from tenants.audit.origin import from_job
from tenants.audit.retention import forget_old_entries
from tenants.context import owner_rights, public_context, tenant_context
from tenants.errors import Conflict
from tenants.models import AccessRule, AuditEntry, Budget, Invitation, User
from tenants.names import names_here
from tenants.tasks import tenant_task
from tenants.use_cases.api_keys import KeyLimits, issue_api_key, rename_api_key, revoke_api_key
from tenants.use_cases.invitations import invite
from tenants.use_cases.members import add_member, change_member
from tests.factories import PASSWORD


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme.ref):
        yield acme


@pytest.fixture
def owner(in_acme):
    return in_acme.actor(in_acme.owner)


def entry(action: str) -> AuditEntry:
    return AuditEntry.objects.get(action=action)


# -- what is in an entry


def test_an_entry_says_who_did_what_and_what_changed(owner, in_acme):
    change_member(owner, in_acme.member.pk, roles=["Editor"], email="new@example.com")
    said = entry("member.changed")
    assert (said.actor_kind, said.actor_id, said.actor) == ("member", in_acme.owner.pk, "owner")
    assert (said.target_kind, said.target_id, said.target) == ("member", str(in_acme.member.pk), "member")
    assert said.before == {"email": "member@example.com", "roles": ["Member"]}
    assert said.after == {"email": "new@example.com", "roles": ["Editor"]}


def test_assistants_and_collections_stand_by_their_names(owner, in_acme):
    collection = Collection.objects.create(name="Handbook")
    rule = AccessRule(
        effect="deny", action="collection.read", resource=str(collection.pk), assistant_id="docs_assistant"
    )
    save_recorded(rule, by=owner)
    said = entry("access_rule.added")
    name = names_here().assistants["docs_assistant"]
    assert said.target == f"Everyone signed in may not read the collection Handbook with {name}"
    assert said.after["resource"] == f"Handbook ({collection.pk})"
    assert said.after["assistant_id"] == f"{name} (docs_assistant)"
    assert str(Budget(scope="assistant", assistant_id="docs_assistant")) == f"Month budget of the assistant {name}"
    issue_api_key(owner, "narrow", in_acme.owner, KeyLimits(assistants=["docs_assistant"]))
    assert entry("api_key.issued").after["assistants"] == [f"{name} (docs_assistant)"]


def test_what_changes_nothing_is_no_entry(owner, in_acme):
    change_member(owner, in_acme.member.pk, roles=["Member"])
    assert not AuditEntry.objects.exists()


def test_a_key_of_somebodys_stands_by_its_name_and_theirs(in_acme, owner):
    row, _ = issue_api_key(owner, "deploy", in_acme.owner)
    acting = in_acme.actor(in_acme.owner)
    acting = type(acting)("api_key", in_acme.ref, in_acme.owner.pk, row.pk, acting.roles, "deploy")
    with transaction.atomic():
        record("something.done", row, by=acting)
    said = entry("something.done")
    assert (said.actor_kind, said.actor_id, said.actor) == ("api_key", row.pk, "deploy (for owner)")


def test_an_act_that_is_refused_leaves_no_entry(owner, in_acme):
    with pytest.raises(Conflict):
        change_member(owner, in_acme.owner.pk, is_active=False)
    assert not AuditEntry.objects.exists()


def test_an_act_whose_entry_cannot_be_written_does_not_happen(owner, monkeypatch):
    monkeypatch.setattr("tenants.audit.recording.who_acts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        invite(owner, "new@example.com", "Member", site="http://acme.localhost")
    assert not Invitation.objects.exists()


def test_an_act_outside_of_a_transaction_is_a_mistake(in_acme):
    with pytest.raises(RuntimeError, match="one transaction"):
        record("something.done", in_acme.owner)


def test_a_job_and_a_command_are_named_as_where_it_comes_from(in_acme, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    with transaction.atomic():
        record("first.done", in_acme.owner)
        with from_job("nightly"):
            record("second.done", in_acme.owner)
    said = [(each.via, each.actor_kind, each.actor) for each in AuditEntry.objects.order_by("id")]
    assert said == [("command", "system", "root"), ("job", "system", "nightly")]


def test_keys_are_recorded_from_their_making_to_their_end(owner):
    row, _ = issue_api_key(owner, "deploy")
    rename_api_key(owner, row.pk, "deploy")
    rename_api_key(owner, row.pk, "deployments")
    revoke_api_key(owner, row.pk)
    revoke_api_key(owner, row.pk)
    said = list(AuditEntry.objects.order_by("id").values_list("action", "before", "after"))
    assert [action for action, _, _ in said] == ["api_key.issued", "api_key.changed", "api_key.revoked"]
    assert said[1][1:] == ({"name": "deploy"}, {"name": "deployments"})
    assert said[2][1] == {"revoked_at": None}


# -- what is not in it


def test_no_secret_is_in_the_log(owner, in_acme):
    secrets = [PASSWORD, "another good long password"]
    user = add_member(owner, password=PASSWORD, roles={"Member"}, username="new", email="new@example.com")
    user.set_password(secrets[1])
    user.save()
    secrets.append(user.password)
    row, key = issue_api_key(owner, "deploy", user)
    secrets += [key, row.digest]
    invitation = invite(owner, "other@example.com", "Member", site="http://acme.localhost")
    secrets.append(invitation.nonce)
    in_the_log = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert AuditEntry.objects.filter(action="member.password_changed").count() == 1
    assert [secret for secret in secrets if secret in in_the_log] == []


def test_a_model_that_does_not_say_what_may_be_seen_shows_nothing(in_acme):
    from tenants.models import Attempts

    assert snapshot(Attempts(key="0" * 64, count=1, since=timezone.now())) == {}
    assert snapshot(Group(name="Editors")) == {"name": "Editors"}


# -- added to, and never changed

REFUSED = [
    "UPDATE tenants_auditentry SET actor = 'somebody else'",
    "UPDATE tenants_auditentry SET created_at = now() - interval '1 year'",
    "DELETE FROM tenants_auditentry",
    "TRUNCATE tenants_auditentry",
    "TRUNCATE tenants_auditentry CASCADE",
    "INSERT INTO tenants_auditentry SELECT * FROM tenants_auditentry ON CONFLICT (id) DO UPDATE SET actor = 'x'",
    "SELECT set_config('atrium.audit_retention', 'on', true); DELETE FROM tenants_auditentry",
]


@pytest.mark.parametrize("rights", ["tenant", "owner", "operators"])
def test_the_database_itself_refuses_to_change_or_delete_an_entry(acme, rights):
    place = public_context() if rights == "operators" else tenant_context(acme.ref)
    with place, owner_rights() if rights != "tenant" else transaction.atomic():
        record("first.done", acme.owner, alone=True)
        for statement in REFUSED:
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        assert list(AuditEntry.objects.values_list("action", flat=True)) == ["first.done"]


def test_nobody_says_when_an_entry_was_made_but_the_server(in_acme):
    long_ago = timezone.now() - timedelta(days=1000)
    AuditEntry.objects.create(action="a.b", actor_kind="system", via="job", created_at=long_ago)
    assert timezone.now() - entry("a.b").created_at < timedelta(minutes=5)


def make_old(days: int) -> None:
    """As if the entries of now were made so long ago, which the owner of the database alone can do."""
    with owner_rights(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tenants_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE tenants_auditentry SET created_at = now() - make_interval(days => %s)", [days])
        cursor.execute("ALTER TABLE tenants_auditentry ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    ("kept", "age", "is_left"), [(0, 5000, True), (365, 364, True), (365, 366, False), (1, 89, True), (1, 91, False)]
)
def test_old_entries_end_where_the_deployment_says_so_and_never_before_90_days(in_acme, settings, kept, age, is_left):
    settings.ATRIUM_AUDIT_DAYS = kept
    record("old.done", in_acme.owner, alone=True)
    make_old(age)
    record("new.done", in_acme.owner, alone=True)
    assert forget_old_entries() == (0 if is_left else 1)
    left = set(AuditEntry.objects.values_list("action", flat=True))
    assert left == ({"old.done", "new.done"} if is_left else {"new.done", "audit_log.shortened"})


# -- rows


def test_a_row_is_recorded_as_it_was_and_as_it_is_stored(in_acme):
    rule = AccessRule(effect="deny", audience="member", member=in_acme.member, action="assistant.*")
    save_recorded(rule)
    rule.note = "because"
    save_recorded(rule)
    save_recorded(rule)
    added, changed = AuditEntry.objects.order_by("id")
    assert (added.action, added.before, added.after["member"]) == ("access_rule.added", {}, "member")
    assert (changed.action, changed.before, changed.after) == (
        "access_rule.changed",
        {"note": ""},
        {"note": "because"},
    )


def test_each_tenant_has_a_log_of_its_own(acme, globex):
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            record(f"{tenant.ref.schema_name}.done", tenant.owner, alone=True)
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            assert [each.action for each in AuditEntry.objects.all()] == [f"{tenant.ref.schema_name}.done"]
    with public_context():
        assert not AuditEntry.objects.exists()


async def test_a_job_records_under_its_own_name(acme):
    def work(user_id: int) -> None:
        record("member.counted", User.objects.get(pk=user_id), alone=True)

    task = tenant_task(name="tests.records")(work)
    try:
        await task.task.func(None, tenant_schema="acme", user_id=acme.owner.pk)
    finally:
        task.task.blueprint.tasks.pop("tests.records", None)
    [said] = await acme.run(lambda: list(AuditEntry.objects.all()))
    assert (said.via, said.actor) == ("job", "tests.records")
