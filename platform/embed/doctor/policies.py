"""What a page's Content-Security-Policy says of a snippet, in sentences with what mends it. Pure.

A chat needs two things of a page's policy: its script (``script-src``) and its frame (``frame-src``). The launcher
connects to nothing (``connect-src``), loads no style sheet, image or font, and sets its styles in a way that
``style-src`` does not govern (constructed style sheets); so no other directive keeps it away but ``sandbox``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from embed.doctor.csp import FRAME, SCRIPT, Policy
from embed.doctor.page import Script, WebPage
from embed.doctor.report import Finding

_NEEDED_IN_A_SANDBOX = (
    "allow-scripts",
    "allow-same-origin",
)  # frames inherit it, and have no origin without the second


def script_findings(page: WebPage, script: Script) -> Iterator[Finding]:
    """What keeps the script out."""
    for policy in page.policies:
        if policy.allows(SCRIPT, script.url, page.url, script.nonce, script.integrity):
            continue
        name = policy.deciding(SCRIPT) or ""
        if policy.has(name, "'strict-dynamic'"):
            what = f"has 'strict-dynamic' in {name}, which lets in only scripts with the page's nonce"
        else:
            what = f"does not let the script in ({name})"
        yield Finding("csp_script", f"The page's Content-Security-Policy {what}.", _to_let_in(policy, name, script))


def frame_findings(page: WebPage, hosts: Iterable[str]) -> Iterator[Finding]:
    """What keeps frames of ``hosts`` (origins) out."""
    for host in hosts:
        for policy in page.policies:
            if not policy.allows(FRAME, f"{host}/embed/frame/", page.url):
                name = policy.deciding(FRAME) or ""
                yield Finding(
                    "csp_frame",
                    f"The page's Content-Security-Policy does not let the chat's frame in ({name}).",
                    _to_add("frame-src", name, host),
                )


def page_findings(page: WebPage) -> Iterator[Finding]:
    """What keeps all scripts, or all frames, from working."""
    for policy in page.policies:
        missing = [each for each in _NEEDED_IN_A_SANDBOX if not policy.permits(each)]
        if missing:
            yield Finding(
                "csp_sandbox",
                f"The page's Content-Security-Policy has a sandbox without {' and '.join(missing)}.",
                f"Add {' '.join(missing)} to its sandbox, or take the sandbox away.",
            )


def _to_let_in(policy: Policy, name: str, script: Script) -> str:
    by_nonce = "Give the script the page's nonce: <script async nonce=...>."
    if policy.has(name, "'strict-dynamic'"):
        return by_nonce
    if any(each.lower().startswith("'nonce-") for each in policy.directives[name]):
        return f"{by_nonce} Or: {_to_add('script-src', name, script.origin)}"
    return _to_add("script-src", name, script.origin)


def _to_add(usual: str, name: str, host: str) -> str:
    if name == usual or name != "default-src":
        return f"Add {host} to {name}."
    return f"Add a directive: {usual} 'self' {host}, with what default-src allows."
