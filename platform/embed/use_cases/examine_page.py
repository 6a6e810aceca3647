"""A page of the tenant's is read, and what keeps a site's chat from it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from embed.access import access_site
from embed.doctor.findings import findings
from embed.doctor.page import WebPage, read_page
from embed.doctor.report import Asked, Finding, KnownSite, Weight
from embed.models import Site
from embed.use_cases.sites import check_may_manage
from tenants.actors import Actor
from tenants.budgets.rates import count_request
from tenants.context import current_tenant
from tenants.database import in_database
from tenants.errors import AtriumError
from tenants.hosts import host_map
from tenants.network import (
    AddressRefused,
    Fetched,
    FetchFailed,
    FetchLimits,
    UrlAnsweredWithError,
    UrlInvalid,
    UrlTooLarge,
    UrlWrongType,
    afetch,
    fetch,
)
from tenants.sync_bridge import from_sync

LIMITS = FetchLimits(size=3_000_000, seconds=10)
MEDIA_TYPES = ("text/html", "application/xhtml+xml")
PAGES_A_MINUTE = 20  # that one tenant has read, in all: nobody is to search other people's hosts with it
NOT_READ = (FetchFailed, AddressRefused, UrlInvalid, UrlTooLarge, UrlWrongType)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found at ``url``, which is where the address led to."""

    url: str
    findings: Sequence[Finding]

    @property
    def comes_up(self) -> bool:
        """Whether nothing keeps the chat from the page; hints do not."""
        return all(finding.weight is Weight.HINT for finding in self.findings)


def examine_page(actor: Actor, site: Site, address: str, host: str) -> Examination:
    """Load ``address`` through the guarded fetcher and judge it; ``host`` is the origin that snippets load from.

    What cannot be loaded is a finding, too. Raises ``NotAllowed`` and ``RateLimited``.
    """
    check_may_manage(actor)
    from_sync(count_request, _at_most())
    try:
        fetched = fetch(address.strip(), media_types=MEDIA_TYPES, limits=LIMITS)
    except NOT_READ as error:
        return Examination(address.strip(), [_not_read(error)])
    return _judged(site, fetched, host)


async def aexamine_page(actor: Actor, site_id: str, address: str, host: str) -> Examination:
    """The same for programs. No database connection is held while the page loads.

    Raises ``NotAllowed``, ``NotFound``, ``RateLimited``.
    """
    site = await in_database(access_site, actor, site_id)
    await count_request(_at_most())
    try:
        fetched = await afetch(address.strip(), media_types=MEDIA_TYPES, limits=LIMITS)
    except NOT_READ as error:
        return Examination(address.strip(), [_not_read(error)])
    return await in_database(_judged, site, fetched, host)


def _at_most() -> list[tuple[str, int]]:
    """One count for the console and for programs."""
    return [("snippet doctor", PAGES_A_MINUTE)]


def _judged(site: Site, fetched: Fetched, host: str) -> Examination:
    page = read_page(fetched.url, fetched.text, fetched.headers)
    return Examination(page.url, findings(page, _asked(site, page, host)))


def _asked(site: Site, page: WebPage, host: str) -> Asked:
    rows = Site.objects.only("name", "public_key", "enabled", "origins")
    sites = {row.public_key: KnownSite(row.name, row.public_key, row.enabled, tuple(row.origins)) for row in rows}
    names = {(urlsplit(script.url).hostname or "").lower() for script in page.scripts}
    own = {name for name in names if host_map.find_now(name) == current_tenant()}
    return Asked(sites[site.public_key], sites, host, own | {urlsplit(host).hostname or ""})


def _not_read(error: AtriumError) -> Finding:
    mend = "Check the address, and open it in a browser where nobody is signed in."
    if isinstance(error, UrlAnsweredWithError) and error.facts.get("status") in (401, 403):
        mend = "The doctor signs in nowhere: give it a page that everybody can open, with the same snippet and headers."
    elif isinstance(error, AddressRefused):
        mend = "The doctor reads pages of the public internet, and what the operator of this service allows."
    return Finding("not_reached", f"The page could not be read. {error.detail}", mend)
