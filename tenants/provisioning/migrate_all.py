"""Migrate the public schema and every tenant's: planned once for all that are in the same state, replayed for each.

Of the tenants whose schemas are in the same state, one leads: it is migrated by Django, and what that executes is
written down (``steps.py``) and replayed for the others (``replay.py``). What is more than SQL is done for each in the
ordinary way. A tenant that fails is reported and left as it was before that step; the others go on. Whoever runs it
again goes on from where each schema is: what is applied is read from the schemas and kept nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.db.migrations.exceptions import InconsistentMigrationHistory

from tenants.audit import Target, record
from tenants.context import PUBLIC, TenantRef, public_context
from tenants.errors import NotFound
from tenants.models import Tenant
from tenants.provisioning.direct import migration_lock, without_pool
from tenants.provisioning.migrate import migrate_public
from tenants.provisioning.plans import Group, applied_in, groups_of, is_sql_only, plan_of
from tenants.provisioning.replay import replay_for_all
from tenants.provisioning.roles import mend_broken_roles
from tenants.provisioning.steps import migrate_and_record, migrate_ordinarily
from tenants.signals import tenants_migrated

log = logging.getLogger(__name__)

CONNECTIONS = 4
LEADERS = 5  # tenants that may fail in the lead before the migration itself is taken to be broken

Progress = Callable[[str, str, str], None]
"""Called with a schema's name, what happened and why it failed. What happened: "migrated", "up to date", "failed",
"not tried"; and "step" after each step on the way."""


@dataclass
class Report:
    """How a run ended: the schemas by what became of them; for a failure, the reason."""

    migrated: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_tried: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """True when every schema is up to date now."""
        return not self.failed and not self.not_tried


@dataclass(frozen=True)
class Planned:
    """What waits for some tenants: ``steps`` are (migration, "sql" or "python")."""

    schemas: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]


def migrate_all(progress: Progress, *, canary: str = "", connections: int = CONNECTIONS) -> Report:
    """Migrate everything, the public schema first. With a ``canary``, that tenant comes next, and the others only if
    it did well.

    Raises ``MigrationsRunning`` while another run is under way, ``NotFound`` for an unknown canary.
    """
    with migration_lock(), without_pool():
        migrate_public()
        progress(PUBLIC.schema_name, "up to date", "")
        run = _Run(progress, connections)
        if canary:
            run.bring_up_to_date([_tenant(canary)])
        if not run.report.is_good:
            for tenant in tenants():
                run.leave_out(tenant)
        while rest := [tenant for tenant in tenants() if not run.is_done(tenant)]:  # also what was made meanwhile
            run.bring_up_to_date(rest)
        there = [tenant.schema_name for tenant in tenants()]
        run.forget_deleted(set(there))
        mend_broken_roles(there)
        _record(run.report)
        _tell(run.report)
        return run.report


def _record(report: Report) -> None:
    """Into the operators' audit log, where there was something to do."""
    done = {"migrated": len(report.migrated), "failed": report.failed, "not tried": len(report.not_tried)}
    if any(done.values()):
        with public_context(), transaction.atomic():
            record("migrations.run", Target("migrations"), after=done)


def _tell(report: Report) -> None:
    current, behind = [*report.migrated, *report.up_to_date], [*report.failed, *report.not_tried]
    with public_context():
        tenants_migrated.send(Tenant, current=current, behind=behind)


def planned() -> list[Planned]:
    """What a run would do for the tenants. Changes nothing."""
    with without_pool():
        groups, _ = groups_of(tenants())
        return [
            Planned(
                tuple(member.schema_name for member in group.members),
                tuple((str(each), "sql" if is_sql_only(each) else "python") for each in plan_of(group.members[0])),
            )
            for group in groups
        ]


def tenants() -> list[TenantRef]:
    """Every tenant, suspended and archived ones too: they come back."""
    with public_context():
        return [tenant.as_ref() for tenant in Tenant.objects.order_by("pk")]


def _tenant(schema_name: str) -> TenantRef:
    found = next((tenant for tenant in tenants() if tenant.schema_name == schema_name), None)
    if found is None:
        raise NotFound(f"There is no tenant with the schema {schema_name}.")
    return found


class _Run:
    """One run's state: what became of each schema."""

    def __init__(self, progress: Progress, connections: int) -> None:
        self.report = Report()
        self._progress = progress
        self._connections = connections
        self._touched: set[str] = set()
        self._done: set[str] = set()

    def bring_up_to_date(self, given: Sequence[TenantRef]) -> None:
        """Step by step, until nothing waits for any of them but those that failed."""
        while waiting := [tenant for tenant in given if not self.is_done(tenant)]:
            groups, missing = groups_of(waiting)
            for tenant in missing:
                self._fail(tenant.schema_name, "its schema is not there")
            for group in groups:
                step: Group | None = group
                while step is not None:
                    step = self._advance(step)

    def is_done(self, tenant: TenantRef) -> bool:
        """True when no more will happen to the tenant in this run."""
        return tenant.schema_name in self._done

    def forget_deleted(self, there: set[str]) -> None:
        """A tenant that was deleted during the run did not fail."""
        for gone in self.report.failed.keys() - there:
            del self.report.failed[gone]

    def leave_out(self, tenant: TenantRef) -> None:
        """Say of a tenant that it was not tried, unless something was said of it before."""
        if not self.is_done(tenant):
            self._done.add(tenant.schema_name)
            self.report.not_tried.append(tenant.schema_name)
            self._progress(tenant.schema_name, "not tried", "")

    def _advance(self, group: Group) -> Group | None:
        """Take the group's next step: as many migrations as are SQL only, or one that is not.

        Returns those for whom it went well, in the state that they are in now. Of one it is read, for the others it is
        the same: the step began from the same state, and left the same rows.
        """
        try:
            plan = plan_of(group.members[0])
        except (CommandError, InconsistentMigrationHistory) as error:
            for tenant in group.members:
                self._fail(tenant.schema_name, str(error))
            return None
        prefix = list(takewhile(is_sql_only, plan)) if group.applied else []
        if not plan:
            for tenant in group.members:
                self._succeed(tenant.schema_name)
        elif prefix:
            self._replay(group, lambda tenant: migrate_and_record(tenant, prefix))
        else:
            for tenant in group.members:
                self._try(tenant, lambda tenant: migrate_ordinarily(tenant, plan[0]))
        going_on = tuple(tenant for tenant in group.members if not self.is_done(tenant))
        return Group(applied_in(going_on[0]), going_on) if going_on else None

    def _replay(self, group: Group, lead: Callable[[TenantRef], str]) -> None:
        script = None
        followers = list(group.members)
        for _ in range(min(LEADERS, len(followers))):
            script = self._try(followers.pop(0), lead)
            if script is not None:
                break
        if script is None:  # each of those who led has failed
            for tenant in followers:
                self.leave_out(tenant)
        elif followers:
            names = [tenant.schema_name for tenant in followers]
            replay_for_all(script, names, group.digest, self._connections, self._replayed)

    def _try(self, tenant: TenantRef, step: Callable[[TenantRef], str | None]) -> str | None:
        try:
            said = step(tenant)
        except Exception as error:  # a migration's own code may raise anything; the other tenants go on
            if not isinstance(error, DatabaseError):
                log.exception("a migration failed", extra={"schema": tenant.schema_name})
            self._fail(tenant.schema_name, _first_line(error))
            return None
        self._stepped(tenant.schema_name)
        return said

    def _replayed(self, schema_name: str, error: Exception | None) -> None:
        if error is None:
            self._stepped(schema_name)
        else:
            self._fail(schema_name, _first_line(error))

    def _stepped(self, schema_name: str) -> None:
        self._touched.add(schema_name)
        self._progress(schema_name, "step", "")

    def _succeed(self, schema_name: str) -> None:
        self._done.add(schema_name)
        touched = schema_name in self._touched
        (self.report.migrated if touched else self.report.up_to_date).append(schema_name)
        self._progress(schema_name, "migrated" if touched else "up to date", "")

    def _fail(self, schema_name: str, reason: str) -> None:
        self._done.add(schema_name)
        self.report.failed[schema_name] = reason
        self._progress(schema_name, "failed", reason)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
