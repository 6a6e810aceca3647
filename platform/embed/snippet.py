"""What an administrator copies out of the console: two lines for a web page, and the address of a page of its own.

``host`` is always the origin of the tenant's own host, as ``pages.own_origin`` says it: ``https://acme.example.com``.
"""

from __future__ import annotations

from django.utils.html import escape

from embed.models import Site
from embed.origins import is_allowed


def snippet_of(site: Site, host: str) -> str:
    """The two lines of HTML that put the chat's button on a page. They hold no secret."""
    script = f"{host}/embed.js?site={site.public_key}"
    return f'<!-- The chat "{escape(site.name)}" -->\n<script async src="{escape(script)}"></script>'


def inline_snippet_of(site: Site, host: str) -> str:
    """The two lines that put the chat itself where they stand in a page."""
    tag = f'<atrium-chat data-site="{escape(site.public_key)}"></atrium-chat>'
    return f'<script async src="{escape(host)}/embed.js"></script>\n{tag}'


def page_link_of(site: Site, host: str) -> str | None:
    """The address of the chat as a page of its own; None where the site's list of pages does not name ``host``, which
    is what opens it there."""
    return f"{host}/embed/page/{site.public_key}/" if is_allowed(host, site.origins) else None
