"""A list in a console takes as many queries for many rows as for few."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import set_urlconf
from django.utils import timezone

from assistants.models import Run, Thread
from atrium.consoles import operator_site, tenant_site
from embed.models import Site
from rag.models import Collection, Document
from tenants.context import public_context, tenant_context
from tenants.keys import create_api_key
from tenants.models import (
    AccessRule,
    ApiKey,
    AuditEntry,
    Budget,
    Domain,
    Invitation,
    MemberGroup,
    Tenant,
    User,
)
from tests.factories import make_member
from tests.receipts import make_run

FEW, MANY = 2, 12


def make_rows(model: type, number: int, acme: Any) -> None:
    """Rows that touch all that a list shows of them."""
    from tests.integration.atrium.test_console_content import make_thread

    for i in range(number):
        if model is Thread:
            make_thread(acme.member)
        elif model is Run:
            make_run(acme.member)
        elif model is Document:
            collection = Collection.objects.create(name=f"c{User.objects.count()}-{Document.objects.count()}-{i}")
            Document.objects.create(collection=collection, title=f"d{i}", size=1, media_type="text/plain")
        elif model is User:
            make_member(f"person{User.objects.count()}")
        elif model is ApiKey:
            create_api_key(f"key {i}", acme.member)
        elif model is AccessRule:
            AccessRule.objects.create(audience="member", member=acme.member)
        elif model is MemberGroup:
            AccessRule.objects.create(audience="group", group=MemberGroup.objects.create(name=f"g{uuid4()}"))
        elif model is Site:
            Site.objects.create(id=f"s{uuid4()}", name=f"s{i}", assistant_id="docs_assistant")
        elif model is Invitation:
            facts = {"role": Group.objects.get(name="Member"), "invited_by": acme.owner}
            moments = {"sent_at": timezone.now(), "expires_at": timezone.now()}
            Invitation.objects.create(email=f"{uuid4()}@example.com", nonce="n", **facts, **moments)
        elif model is Budget:
            Budget.objects.create(scope="member", member=acme.member, tokens=1, note=f"b{i}")
        elif model is AuditEntry:
            AuditEntry.objects.create(actor_kind="member", via="api", action="member.changed", target=f"a{i}")


def queries_of(site: Any, model: type, user: User) -> int:
    request = RequestFactory().get("/")
    request.user, request._messages = user, CookieStorage(request)
    with CaptureQueriesContext(connection) as queries:
        page = site._registry[model].changelist_view(request).render()
    assert page.status_code == 200
    return len(queries)


LISTS = [Thread, Run, Document, User, ApiKey, AccessRule, MemberGroup, Site, Invitation, Budget, AuditEntry]


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_a_tenants_list_takes_no_more_queries_when_it_is_long(acme, model):
    with tenant_context(acme.ref):
        owner = User.objects.get(pk=acme.owner.pk)
        make_rows(model, FEW, acme)
        queries_of(tenant_site, model, owner)  # content types and permissions are kept from here on
        few = queries_of(tenant_site, model, owner)
        make_rows(model, MANY, acme)
        many = queries_of(tenant_site, model, owner)
    assert many == few
    assert many <= 10


def test_the_list_of_runs_counts_nothing_and_reads_no_receipt(acme):
    with tenant_context(acme.ref):
        make_rows(Run, FEW, acme)
        request = RequestFactory().get("/")
        request.user, request._messages = User.objects.get(pk=acme.owner.pk), CookieStorage(request)
        with CaptureQueriesContext(connection) as queries:
            tenant_site._registry[Run].changelist_view(request).render()
    asked = " ".join(query["sql"] for query in queries if "assistants_run" in query["sql"])
    assert "LIMIT" in asked
    assert "COUNT(" not in asked
    assert '"receipt"' not in asked


def test_the_operators_list_takes_no_more_queries_when_it_is_long(operator):
    with public_context():
        set_urlconf("atrium.urls_public")
        try:
            queries_of(operator_site, Tenant, operator)
            few = queries_of(operator_site, Tenant, operator)
            for i in range(MANY):
                tenant = Tenant.objects.create(schema_name=f"many{i}", name=f"Many {i}")
                Domain.objects.create(tenant=tenant, domain=f"many{i}.localhost")
            many = queries_of(operator_site, Tenant, operator)
        finally:
            set_urlconf(None)
            Domain.objects.filter(domain__startswith="many").delete()
            Tenant._base_manager.filter(schema_name__startswith="many")._raw_delete("default")
    assert many == few
