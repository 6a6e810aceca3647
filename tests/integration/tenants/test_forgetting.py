"""Between two tests: what one has left is gone, and what it has changed is as it was."""

from __future__ import annotations

import psycopg
import pytest

from assistants.models import Thread
from tenants.context import public_context, tenant_context
from tenants.models import AccessRule, AuditEntry, Plan, Tenant, User
from tests.factories import make_member


def test_what_a_test_leaves_is_gone_and_what_it_changed_is_as_it_was(acme, globex, forgetter):
    with tenant_context(acme.ref):
        rules = AccessRule.objects.count()
        Thread.objects.create(name="Left behind")
        make_member("newcomer")
        AccessRule.objects.all().delete()
        User.objects.filter(pk=acme.outsider.pk).update(is_active=False)
        AuditEntry.objects.create(actor_kind="system", via="job", action="something.done")
    with public_context():
        Plan.objects.update(members=1)
        Tenant.objects.update(status=Tenant.Status.SUSPENDED)
    forgetter.forget()
    with tenant_context(acme.ref):
        assert not Thread.objects.exists()
        assert set(User.objects.filter(is_active=True)) == {acme.owner, acme.member, acme.outsider}
        assert User.objects.count() == 3
        assert AccessRule.objects.count() == rules
        assert not AuditEntry.objects.exists()
    with public_context():
        assert list(Plan.objects.values_list("name", "members")) == [("Standard", None)]
        assert set(Tenant.objects.values_list("status", flat=True)) == {Tenant.Status.ACTIVE}


def test_it_goes_on_where_a_test_has_ended_all_connections(acme, forgetter):
    with pytest.raises(psycopg.OperationalError):
        forgetter._connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with tenant_context(acme.ref):
        Thread.objects.create(name="Left behind")
        forgetter.forget()
        assert not Thread.objects.exists()
