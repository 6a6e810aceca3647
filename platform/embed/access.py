"""Sites, fetched for who acts."""

from __future__ import annotations

from django.db.models import Q

from embed.models import Site
from embed.use_cases.sites import check_may_manage
from tenants.actors import Actor
from tenants.errors import NotFound


def access_site(actor: Actor, site_id: str) -> Site:
    """A site by its id, or by its public key, which is what stands in a page.

    Raises ``NotAllowed`` for who manages no sites, and ``NotFound``.
    """
    check_may_manage(actor)
    site = Site.objects.filter(Q(pk=site_id) | Q(public_key=site_id)).first()
    if site is None:
        raise NotFound("There is no embedded chat with this id or key.")
    return site


def assistant_of_site(site_id: str) -> str | None:
    """The id of the assistant that the site's visitors chat with; None where there is no such site."""
    return Site.objects.filter(pk=site_id).values_list("assistant_id", flat=True).first()
