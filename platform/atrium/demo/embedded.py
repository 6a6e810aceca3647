"""acme's embedded chat, to try: as a page of its own, and in pages that somebody serves on this machine."""

from __future__ import annotations

from embed.models import Site
from embed.snippet import page_link_of, snippet_of
from embed.use_cases.sites import save_site
from rag.models import Collection
from tenants.actors import Actor

NAME = "Ask Atrium"
OWN_PAGES = ("http://localhost:8080", "http://127.0.0.1:8080")  # python -m http.server 8080


def build_site(actor: Actor, url: str, assistant_id: str, question: str) -> dict[str, str | None]:
    """Make the site, or let the one that is there know the port of now. Returns its part of ``demo.json``."""
    origins = [url, *OWN_PAGES]
    site = Site.objects.filter(name=NAME).first()
    if site is None:
        site = Site(name=NAME, assistant_id=assistant_id, greeting="What would you like to know?", starters=[question])
        site.origins = origins
        save_site(actor, site, [str(key) for key in Collection.objects.values_list("pk", flat=True)])
    elif url not in site.origins:
        site.origins = origins
        save_site(actor, site)
    return {"key": site.public_key, "page": page_link_of(site, url), "snippet": snippet_of(site, url)}
