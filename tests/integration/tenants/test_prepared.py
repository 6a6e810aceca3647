"""A prepared query answers as the queryset that it was made of, for whichever tenant and with whichever values."""

from __future__ import annotations

import pytest
from django.db.models import CharField

from assistants.models import Thread
from tenants.context import tenant_context
from tenants.models import User
from tenants.prepared import Given, Prepared
from tests.statements import counted

BY_NAME = Prepared(lambda: User.objects.filter(username=Given("name", CharField()), is_active=True))
NAMES = Prepared(lambda: Thread.objects.filter(name__gt=Given("least", CharField())).values_list("name"))


def test_it_gives_the_instance(acme):
    with tenant_context(acme.ref):
        found = BY_NAME.first(name="member")
        assert found == acme.member
        assert found.__dict__.keys() == User.objects.get(pk=acme.member.pk).__dict__.keys()
        assert BY_NAME.first(name="nobody") is None


def test_an_instance_can_be_saved(acme):
    with tenant_context(acme.ref):
        found = BY_NAME.first(name="outsider")
        assert found is not None
        found.first_name = "Olga"
        found.save()
        assert User.objects.get(username="outsider").first_name == "Olga"


def test_its_other_values_stay(acme):
    with tenant_context(acme.ref):
        User.objects.filter(username="outsider").update(is_active=False)
        assert BY_NAME.first(name="outsider") is None


def test_it_reads_the_tenant_in_force(marked):
    acme, globex = marked
    with tenant_context(acme.ref):
        assert NAMES.rows(least="") == [("acme",)]
    with tenant_context(globex.ref):
        assert NAMES.rows(least="") == [("globex",)]


def test_a_value_is_never_read_as_sql(acme):
    with tenant_context(acme.ref):
        assert BY_NAME.first(name="' OR 1=1 --") is None
        assert BY_NAME.first(name="%s") is None


def test_a_value_that_is_missing_is_an_error(acme):
    with tenant_context(acme.ref), pytest.raises(KeyError):
        BY_NAME.first()


def test_it_is_one_statement(acme):
    with tenant_context(acme.ref):
        BY_NAME.first(name="member")
        with counted() as statements:
            BY_NAME.first(name="owner")
    assert len(statements.reads) == 1
