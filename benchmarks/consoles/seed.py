"""A tenant whose lists are long, and a platform of many tenants. Rows of a year; each word is in all, few or one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone
from langchain_core.messages import HumanMessage, message_to_dict
from procrastinate.contrib.django.models import ProcrastinateJob

from assistants.models import ConfiguredAssistant, Message, Run, TenantFigures, Thread, UsageDay
from benchmarks.consoles.rows import key, multiply
from embed.models import Site
from rag.models import Collection, Document
from rag.tasks import reembed_collection
from tenants.context import owner_rights, public_context, tenant_context
from tenants.keys import create_api_key
from tenants.models import (
    AccessRule,
    AuditEntry,
    Budget,
    Domain,
    ErasureReceipt,
    Invitation,
    MemberGroup,
    ModelPrice,
    OperatorKey,
    Plan,
    PlatformBudget,
    Tenant,
    User,
    Visitor,
)
from tests.factories import PASSWORD, TenantFixture, make_tenant

FREQUENT, FEW, RARE, ABSENT = "everywhere", "seldom7", "once77", "nowhere"
"""Words that are searched for: of every row, of a thousandth of them, of one, of none."""
_FILLER = [f"{number:x}" for number in range(1000)]  # some kB, as receipts are
DAYS = 90  # over which what happened is spread
MOST_SETTINGS = 1_000  # rows of what an administrator writes one by one
_NAME = f"'{FREQUENT} seldom' || n % 1000 || ' once' || n"
_MOMENT = "now() - (%(rows)d - n) * interval '%(days)d days' / %(rows)d"
_ONE_IN_HUNDRED = "CASE WHEN n %% 100 = 0 THEN '%s' ELSE '%s' END"


@dataclass(frozen=True)
class Seeded:
    """The tenant with the long lists, and who looks at the platform."""

    tenant: TenantFixture
    operator: User


def seed(rows: int, tenants: int) -> Seeded:
    """Make ``rows`` rows of what grows with use, and so many tenants beside the one whose they are."""
    tenant = make_tenant("acme")
    moment = _MOMENT % {"rows": rows, "days": DAYS}
    with tenant_context(tenant.ref), owner_rights():
        _people(tenant, rows, moment)
        _conversations(tenant, rows, moment)
        _documents(rows, moment)
        _settings(tenant)
        _audit(rows)
        job = reembed_collection.defer(collection_id="0" * 32)
    with public_context():
        operator = User.objects.create_superuser("operator", "operator@example.com", PASSWORD)
        _platform(rows, tenants, job, operator)
        _audit(rows)
    return Seeded(tenant, operator)


def _people(tenant: TenantFixture, rows: int, moment: str) -> None:
    people = User.objects.create_user("person", "person@example.com", first_name="Some", last_name="Body")
    multiply(
        people,
        rows,
        username="'person' || n",
        email="'person' || n || '@example.com'",
        first_name=f"'{FREQUENT}'",
        last_name="'Seldom' || n % 1000 || ' Once' || n",
        is_active="n % 50 <> 0",
        date_joined=moment,
    )
    role = Group.objects.get(name="Member")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_user_groups (user_id, group_id) SELECT id, %s FROM tenants_user WHERE id > %s",
            [role.pk, people.pk],
        )
    api_key, _ = create_api_key(FREQUENT, tenant.member)
    multiply(api_key, rows, name=f"left({_NAME}, 100)", prefix="'at_' || n", digest="md5(n::text)", created_at=moment)
    now = timezone.now()
    facts = {"nonce": "n", "sent_at": now, "expires_at": now, "invited_by": tenant.owner, "role": role}
    invited = Invitation.objects.create(email="somebody@example.com", **facts)
    multiply(
        invited,
        rows,
        email=f"'{FREQUENT}.seldom' || n % 1000 || '.once' || n || '@example.com'",
        nonce="md5(n::text)",
        created_at=moment,
        sent_at=moment,
        expires_at=f"{moment} + interval '7 days'",
    )
    visitor = Visitor.objects.create(site_id="site", seen_at=now)
    multiply(visitor, rows, subject="'visitor' || n", created_at=moment, seen_at=moment)


def _conversations(tenant: TenantFixture, rows: int, moment: str) -> None:
    assistant = "'assistant' || n % 20"
    thread = Thread.objects.create(name="A thread", created_by=tenant.member, assistant_id="docs_assistant")
    first = User.objects.get(username="person").pk
    owner = f"{first} + 1 + n % {rows}"
    multiply(thread, rows, id=key("n"), name=_NAME, assistant_id=assistant, created_by_id=owner, created_at=moment)
    facts = {"assistant_id": "docs_assistant", "actor_kind": "member", "receipt": {"steps": [], "filler": _FILLER}}
    run = Run.objects.create(thread=thread, status="completed", model="example-model", cost="0.01", **facts)
    multiply(
        run,
        rows,
        id=key("n"),
        thread_id=key("n"),
        assistant_id=assistant,
        created_by_id=owner,
        status=_ONE_IN_HUNDRED % ("failed", "completed"),
        removed_markers="CASE WHEN n % 100 = 1 THEN 1 ELSE 0 END",
        grounding=_ONE_IN_HUNDRED % ("no_passages", "cited"),
        created_at=moment,
        finished_at=f"{moment} + interval '3 seconds'",
    )
    said = Message.objects.create(thread=thread, run=run, message=message_to_dict(HumanMessage("x" * 500)))
    places = {"thread_id": key("n"), "run_id": key("n"), "created_at": moment}
    multiply(said, rows, id=key("n"), **places)
    thumb = "CASE WHEN n % 20 = 0 THEN -1 WHEN n % 10 = 0 THEN 1 END"
    multiply(said, rows, id=key(f"{rows} + n"), thumb=thumb, **places)


def _documents(rows: int, moment: str) -> None:
    collection = Collection.objects.create(name="A collection")
    multiply(collection, MOST_SETTINGS, id=key("n"), name="'Collection once' || n")
    facts = {"media_type": "text/plain", "size": 1000, "text": "x" * 2000, "status": "ready", "sha256": "0" * 64}
    document = Document.objects.create(collection=collection, title="A document", source="a.md", **facts)
    multiply(
        document,
        rows,
        id=key("n"),
        title=_NAME,
        source="'files/once' || n || '.md'",
        status=_ONE_IN_HUNDRED % ("failed", "ready"),
        media_type="CASE WHEN n % 10 = 0 THEN 'application/pdf' ELSE 'text/markdown' END",
        created_at=moment,
    )


def _settings(tenant: TenantFixture) -> None:
    group = MemberGroup.objects.create(name="A group")
    multiply(group, 200, name="'Group once' || n")
    rule = AccessRule.objects.create(effect="allow", audience="group", group=group, note=FREQUENT)
    multiply(rule, MOST_SETTINGS, note=f"left({_NAME}, 100)", assistant_id="'assistant' || n % 20")
    budget = Budget.objects.create(scope="member", member=tenant.member, tokens=1000)
    first = User.objects.get(username="person").pk
    multiply(budget, MOST_SETTINGS, note=f"left({_NAME}, 100)", member_id=f"{first} + n")
    site = Site.objects.create(id="site", name="A site", assistant_id="docs_assistant")
    multiply(site, 100, id="'site' || n", name="'Site once' || n", public_key="md5(n::text)")
    own = ConfiguredAssistant.objects.create(id="own-one", base="general", name="Own")
    multiply(own, 100, id="'own-once' || n", name="'Own once' || n")


def _audit(rows: int) -> None:
    entry = AuditEntry.objects.create(
        actor_kind="member", actor=FREQUENT, via="console", action="document.added", target_kind="document"
    )
    multiply(
        entry,
        rows,
        action="CASE WHEN n % 100 = 0 THEN 'member.changed' ELSE 'document.added' END",
        target_kind="CASE WHEN n % 100 = 0 THEN 'member' ELSE 'document' END",
        target=f"left({_NAME}, 255)",
        target_id="n::text",
    )


def _platform(rows: int, tenants: int, job_id: int, operator: User) -> None:
    plan = Plan.objects.create(name="A plan")
    multiply(plan, 100, name="'Plan once' || n", is_default="false")
    price = ModelPrice.objects.create(model="example-model", tokens_in=1, tokens_out=2)
    multiply(price, 500, model="'model once' || n")
    tenant = Tenant.objects.create(schema_name="other", name="Other", plan=plan)
    multiply(tenant, tenants, schema_name="'other' || n", name="'Other once' || n || ' everywhere'")
    domain = Domain.objects.create(tenant=tenant, domain="other.localhost", is_primary=True)
    multiply(domain, tenants, domain="'other' || n || '.localhost'", tenant_id=f"{tenant.pk} + n")
    budget = PlatformBudget.objects.create(tokens=1_000, tenant=tenant)
    multiply(budget, tenants, tenant_id=f"{tenant.pk} + n")
    now = timezone.now()
    figures = TenantFigures.objects.create(schema_name="other", counted_at=now)
    multiply(figures, tenants, schema_name="'other' || n")
    use = UsageDay.objects.create(schema_name="other", day=now.date(), runs=10, cost=1)
    multiply(use, tenants * DAYS, schema_name=f"'other' || n / {DAYS}", day=f"current_date - n % {DAYS}")
    key = OperatorKey.objects.create(operator=operator, name="A key", prefix="op_1", digest="a" * 64)
    multiply(key, 100, name="'Key once' || n", digest="md5(n::text)")
    receipt = ErasureReceipt.objects.create(
        tenant_name="Gone", schema_name="gone", opened_at=now, erased_at=now, erased_by="operator", rows=1, jobs=0
    )
    multiply(receipt, tenants, tenant_name="'Gone once' || n")
    job = ProcrastinateJob.objects.get(pk=job_id)
    failed = _ONE_IN_HUNDRED % ("failed", "todo")
    args = """jsonb_build_object('tenant_schema', 'other' || n % 1000)"""
    multiply(job, rows, status=f"({failed})::procrastinate_job_status", args=args, queueing_lock="NULL")
