"""What is wrong with a page's snippet, in sentences with what mends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from embed.doctor.page import Script, WebPage
from embed.doctor.policies import frame_findings, page_findings, script_findings
from embed.doctor.report import Asked, Finding, KnownSite, Weight
from embed.origins import as_pattern, is_allowed
from tenants.errors import InvalidInput


def findings(page: WebPage, asked: Asked) -> list[Finding]:
    """Everything that was found; the first is what to begin with. Empty: the chat comes up."""
    scripts = [script for script in page.scripts if not script.is_old]
    found = [*_old(page), *_presence(page, scripts)]
    for script in scripts:
        found += [*_loading(page, script, asked), *script_findings(page, script)]
    for key in dict.fromkeys([*(script.key for script in scripts if script.key), *page.chats]):
        found += _key(key, asked)
    if scripts:
        found += [*_origin(page, asked), *frame_findings(page, _hosts(scripts, asked)), *page_findings(page)]
        found += _several(page, scripts)
    once = dict.fromkeys(found)
    return sorted(once, key=lambda finding: finding.weight is Weight.HINT)


def _old(page: WebPage) -> Iterator[Finding]:
    for script in page.scripts:
        if script.is_old:
            yield Finding(
                "old_snippet",
                f"The page loads {script.url}, which is an old form of the snippet and may be gone tomorrow.",
                "Replace it by the two lines of today.",
            )


def _presence(page: WebPage, scripts: Sequence[Script]) -> Iterator[Finding]:
    if scripts:
        if not any(script.key for script in scripts) and not page.chats:
            yield Finding("no_key", "The script is there, but it names no chat.", "Copy the two lines as they are.")
        return
    if page.in_comment:
        yield Finding(
            "snippet_in_comment",
            "The snippet stands in a comment of the page, where it does nothing.",
            "Take the comment's marks away: <!-- and -->.",
        )
    elif not page.scripts:
        yield Finding(
            "snippet_missing",
            "The snippet is not in this page's HTML.",
            "Copy the two lines into it, before </body>. If a tag manager or a script puts them in, they cannot be "
            "seen here.",
        )


def _loading(page: WebPage, script: Script, asked: Asked) -> Iterator[Finding]:
    parts = urlsplit(script.url)
    if (parts.hostname or "").lower() not in asked.hosts:
        yield Finding(
            "other_host",
            f"The script comes from {parts.scheme}://{parts.netloc}, which is not this console's host.",
            f"Load it from {asked.host}: copy the two lines of this chat.",
        )
    elif page.url.startswith("https:") and parts.scheme == "http":
        yield Finding(
            "mixed_content",
            "The page is served by https and loads the script by http: browsers refuse that.",
            f"Write https:// before {parts.netloc}.",
        )
    if not script.runs:
        yield Finding(
            "not_run",
            f'The script has type="{script.kind}", so that browsers do not run it.',
            "Take the type away. A consent manager that writes it changes it back once a visitor has agreed.",
        )
    if script.integrity:
        yield Finding(
            "integrity",
            "The script has an integrity attribute. What the script holds changes with the chat's look and with each "
            "version, and browsers refuse it from then on.",
            "Take integrity away.",
            Weight.HINT,
        )
    if not script.is_async:
        yield Finding(
            "not_async",
            "The script is not async: the page waits for it.",
            "Write async into the script's tag.",
            Weight.HINT,
        )


def _hosts(scripts: Sequence[Script], asked: Asked) -> list[str]:
    """Where the frames come from: from where the scripts of this tenant do."""
    own = [each.origin for each in scripts if (urlsplit(each.url).hostname or "").lower() in asked.hosts]
    return list(dict.fromkeys(own)) or [asked.host]


def _key(key: str, asked: Asked) -> Iterator[Finding]:
    site = asked.sites.get(key)
    if site is None:
        said = f"The key {key[:40]!r} is not known here." if key else "An <atrium-chat> names no chat."
        yield Finding("key_unknown", said, f"The key of {asked.site.name} is {asked.site.key}.")
    elif site.key != asked.site.key:
        yield Finding(
            "key_of_another",
            f"The key is that of another chat of yours: {site.name}.",
            f"Where {asked.site.name} is meant, write {asked.site.key}.",
        )
    if site is not None and not site.enabled:
        yield Finding("site_closed", f"The chat {site.name} is switched off.", "Switch it on at its page: Enabled.")


def _origin(page: WebPage, asked: Asked) -> Iterator[Finding]:
    named = [asked.sites[script.key] for script in page.scripts if script.key in asked.sites] or [asked.site]
    for site in {each.key: each for each in named}.values():
        if not is_allowed(page.origin, site.origins):
            said = f"{site.name} is not open to pages of {page.origin}."
            yield Finding("origin_not_allowed", said, _to_open(page.origin, site))


def _to_open(origin: str, site: KnownSite) -> str:
    try:
        return f"Add {as_pattern(origin)} to the pages that may show {site.name}."
    except InvalidInput:  # http, other than on this machine
        secure = origin.replace("http:", "https:", 1)
    if is_allowed(secure, site.origins):
        return "Serve the page by https: by http it is another page."
    return f"Serve the page by https, and add {secure} to the pages that may show {site.name}."


def _several(page: WebPage, scripts: Sequence[Script]) -> Iterator[Finding]:
    if len(scripts) > 1:
        same = len({script.key for script in scripts}) == 1
        yield Finding(
            "several",
            f"The snippet is in the page {len(scripts)} times{', for the same chat' if same else ''}.",
            "Keep one of them." if same else "Each chat has its button: keep those that are meant.",
            Weight.HINT,
        )
