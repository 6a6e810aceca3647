"""Open every page of both consoles and name the slowest statement of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.test import Client
from django.urls import set_urlconf

from atrium.consoles import operator_site, tenant_site
from benchmarks.consoles.pages import Page, pages_of
from benchmarks.consoles.seed import Seeded
from benchmarks.consoles.watch import Statement, watched
from benchmarks.peer_report import Figure
from tenants.context import public_context, tenant_context

EXPORTS = (
    Page("audit entries", "as a file", "tenants/auditentry/export/csv/"),
    Page("audit entries", "those of a word as a file", "tenants/auditentry/export/jsonl/?q=everywhere"),
)
USAGE = [Page("usage", f"by {by}", f"usage/?by={by}") for by in ("day", "assistant", "member", "key", "model")]
USAGE_OF_TENANTS = [Page("usage", f"by {by}", f"usage/?order=-{by}") for by in ("cost", "name", "storage")]


def walk(seeded: Seeded, visits: int, aim: float, only: Sequence[str], explain: bool) -> Iterator[Figure]:
    """A figure a page: its slowest statement, in milliseconds."""
    tenant = seeded.tenant
    consoles: list[tuple[str, Any, str, Any, AbstractContextManager[Any], list[Page]]] = [
        ("tenant", tenant_site, tenant.host, tenant.owner, tenant_context(tenant.ref), [*EXPORTS, *USAGE]),
        ("operator", operator_site, "localhost", seeded.operator, public_context(), [*EXPORTS, *USAGE_OF_TENANTS]),
    ]
    for console, site, host, user, context, more in consoles:
        with context:
            set_urlconf("atrium.urls_public" if console == "operator" else None)
            pages = [page for page in [*pages_of(site, user), *more] if not only or page.list in only]
            client = Client(HTTP_HOST=host)
            client.force_login(user)
            set_urlconf(None)
        for page in pages:
            slowest, count = _slowest(client, page, visits)
            name = f"{console}: {page.list}, {page.what}"
            yield Figure(name, slowest.took, "ms", f"under {aim:g}; {count} statements", slowest.took < aim)
            if explain and slowest.took >= aim:
                with tenant_context(tenant.ref) if console == "tenant" else public_context():
                    print(f"    /admin/{page.path}\n    {slowest.sql[:3000]}\n{slowest.explained()}\n")


def _slowest(client: Client, page: Page, visits: int) -> tuple[Statement, int]:
    """The slowest of a page's statements, each in its quickest visit; and how many there are."""
    seen: list[list[Statement]] = []
    for _ in range(visits):
        with watched() as statements:
            answer = client.get(f"/admin/{page.path}")
            if answer.streaming:
                for _chunk in answer:  # type: ignore[attr-defined]
                    pass
        if answer.status_code != 200:
            raise SystemExit(f"/admin/{page.path}: {answer.status_code}")
        seen.append(list(statements))
    alike = [each for each in seen if len(each) == len(seen[-1])]
    quickest = [min(times, key=lambda each: each.took) for times in zip(*alike, strict=True)]
    return max(quickest, key=lambda each: each.took), len(quickest)
