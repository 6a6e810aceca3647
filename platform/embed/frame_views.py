"""What an embedded chat is made of: the script for a tenant's page, the frame that it opens, and the chat's own page.

Nothing here knows a visitor: a page of ours asks for a session by itself (``api/sessions.py``).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from embed.look import look_of, style_of
from embed.models import Site, site_of_key
from embed.origins import is_allowed
from embed.pages import own_origin
from embed.translations import language_for, vary_by_language
from tenants.database import in_database

LAUNCHER = Path(__file__).parent / "static" / "embed" / "dist" / "launcher.js"
PLACE = "__ATRIUM_SITE__"  # where the launcher has what the server knows of the site
DRAWN_WITH = tuple(f"--atrium-{name}" for name in ("accent", "on-accent", "ground", "text", "radius"))
SCRIPT_SECONDS = 300  # that browsers keep the launcher without asking: how old a look may be

_NOTHING = ("camera", "microphone", "geolocation", "payment", "usb", "display-capture", "clipboard-read")
PERMISSIONS = ", ".join(f"{name}=()" for name in _NOTHING)
_DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'nonce-{nonce}'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


async def launcher_script(request: HttpRequest) -> HttpResponse:
    """``/embed.js?site=<key>``: the launcher, with the site's look; without a key, for pages that name it themselves.

    Any page may load it: whether a chat opens there is decided by the frame. Browsers keep it for five minutes and then
    ask whether it has changed.
    """
    key = request.GET.get("site", "")
    site = await in_database(site_of_key, key) if key else None
    told = _told(site) if site else {"key": key, "known": False} if key else None
    script, packed, tag = _written(json.dumps(told), LAUNCHER.stat().st_mtime_ns)
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={SCRIPT_SECONDS}, stale-while-revalidate=86400",
        "Access-Control-Allow-Origin": "*",  # the script is the same for everybody, and says nothing about anybody
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        script, headers["Content-Encoding"] = packed, "gzip"
    return HttpResponse(script, content_type="text/javascript; charset=utf-8", headers=headers)


async def frame_page(request: HttpRequest) -> HttpResponseBase:
    """``/embed/frame/?key=<key>&locale=<tag>``: the chat in a frame of a tenant's page, in that page's language if it
    speaks it. Browsers show it in the site's pages alone.

    A site that is closed says so in its own pages; of one that is not there, no page learns anything.
    """
    site = await in_database(site_of_key, request.GET.get("key", ""))
    return _no_chat(request) if site is None else _chat(request, site, "frame", site.origins)


async def full_page(request: HttpRequest, key: str) -> HttpResponseBase:
    """``/embed/page/<key>/``: the chat as a page of its own, where the site's list of pages names this host."""
    site = await in_database(site_of_key, key)
    if site is None or not is_allowed(own_origin(request), site.origins):
        return _no_chat(request)
    return _chat(request, site, "page", ())


def frame_ancestors(origins: Iterable[str]) -> str:
    """The pages that may show a frame, as the directive's value. Patterns of ours are sources of a policy, too; an
    address in brackets is none (https://www.w3.org/TR/CSP3/#grammardef-host-source)."""
    return " ".join(each for each in origins if "[" not in each) or "'none'"


def _told(site: Site) -> dict[str, Any]:
    """What the launcher draws the site's button with."""
    look = look_of(site)
    drawn = {name: look[name] for name in ("position", "offset_x", "offset_y", "icon", "icon_text", "label")}
    told = {"key": site.public_key, "known": True, "open": site.enabled, "name": site.name}
    return {**told, "look": drawn, "style": style_of(look, ":host", DRAWN_WITH)}


@lru_cache(maxsize=256)
def _written(told: str, version: int) -> tuple[bytes, bytes, str]:
    """The script with what it is told, the same packed, and its ETag. ``version`` is when the file was built."""
    script = LAUNCHER.read_text().replace(PLACE, told).encode()
    return script, gzip.compress(script, mtime=0), f'"{hashlib.sha256(script).hexdigest()[:32]}"'


def _chat(request: HttpRequest, site: Site, mode: str, ancestors: Iterable[str]) -> HttpResponse:
    """The page of the chat. What it says of the site is what the site shows to anybody who comes to it."""
    look = look_of(site)
    language = language_for(request, look["languages"], request.GET.get("locale", ""))
    config = {
        **{"key": site.public_key, "mode": mode, "name": site.name, "open": site.enabled, "consent": site.consent},
        **{"fallback": site.fallback, "language": language.config},
    }
    shown = {"site": site, "config": config, "style": style_of(look), "language": language}
    response = render(request, "embed/frame.html", shown)
    return _guarded(response, frame_ancestors(ancestors))


def _no_chat(request: HttpRequest) -> HttpResponse:
    """404 in words, the same for every key that opens nothing."""
    shown = {"language": language_for(request)}
    return _guarded(render(request, "embed/no_chat.html", shown, status=404), "'none'")


def _guarded(response: HttpResponse, ancestors: str) -> HttpResponse:
    response.csp = {**_DIRECTIVES, "frame-ancestors": ancestors}  # type: ignore[attr-defined]
    # It knows no list of pages. Browsers that have frame-ancestors do not look at it; others would show nothing.
    response.xframe_options_exempt = ancestors != "'none'"  # type: ignore[attr-defined]
    response["Cache-Control"] = "no-cache"  # a site that was closed, and a page that was struck off, hold at once
    response["Permissions-Policy"] = PERMISSIONS
    response["Referrer-Policy"] = "same-origin"
    # For pages that embed only what says that it may be embedded.
    response["Cross-Origin-Embedder-Policy"] = "require-corp"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Robots-Tag"] = "noindex"
    patch_vary_headers(response, ["Origin"])
    vary_by_language(response)
    return response
