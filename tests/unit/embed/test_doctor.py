"""The snippet doctor: what a page's policy lets in, what stands in its HTML, and what is said about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.doctor.csp import FRAME, SCRIPT, matches, read_policies
from embed.doctor.findings import findings
from embed.doctor.page import read_page
from embed.doctor.report import Asked, KnownSite

PAGE = "https://www.example.com/help"
HOST = "https://acme.atrium.example"
KEY, OTHER = "site_abc", "site_other"
SITE = KnownSite("Shop", KEY, True, ("https://www.example.com", "https://*.example.org"))
CLOSED = KnownSite("Old shop", OTHER, False, ("https://www.example.com",))
ASKED = Asked(SITE, {KEY: SITE, OTHER: CLOSED}, HOST, {"acme.atrium.example"})
SNIPPET = f'<script async src="{HOST}/embed.js" data-site="{KEY}"></script>'
BY_ADDRESS = f'<script async src="{HOST}/embed.js?site={KEY}"></script>'


@pytest.mark.parametrize(
    ("source", "url", "fits"),
    [
        ("*", "https://a.example/x.js", True),
        ("*", "data:text/javascript,1", False),
        ("https:", "https://a.example/", True),
        ("http:", "https://a.example/", True),
        ("https:", "http://a.example/", False),
        ("data:", "https://a.example/", False),
        ("a.example", "https://a.example/embed.js", True),
        ("a.example", "http://a.example/embed.js", False),
        ("A.Example", "https://a.example/embed.js", True),
        ("a.example", "https://b.a.example/", False),
        ("*.example", "https://a.example/", True),
        ("*.example", "https://b.a.example/", True),
        ("*.a.example", "https://a.example/", False),
        ("*.a.example", "https://evila.example/", False),
        ("https://a.example:8443", "https://a.example:8443/", True),
        ("https://a.example", "https://a.example:8443/", False),
        ("https://a.example:*", "https://a.example:8443/", True),
        ("http://a.example:80", "https://a.example/", True),
        ("https://a.example/embed.js", "https://a.example/embed.js?site=1", True),
        ("https://a.example/embed.js", "https://a.example/embed.js/x", False),
        ("https://a.example/js/", "https://a.example/js/embed.js", True),
        ("https://a.example/js/", "https://a.example/embed.js", False),
        ("https://a.example/", "https://a.example/embed.js", True),
        ("'self'", "https://www.example.com/x", True),
        ("'self'", "https://acme.atrium.example/x", False),
        ("'none'", "https://a.example/", False),
        ("'unsafe-inline'", "https://a.example/", False),
        ("'sha256-abc='", "https://a.example/", False),
        ("https://*", "https://a.example/", True),
        ("[::1]", "https://[::1]/", True),
        ("ht!tp://x", "https://x/", False),
        ("https://a.example:99999999", "https://a.example/", False),
        ("https://a.example:" + 5000 * "9", "https://a.example/", False),
    ],
)
def test_a_source_stands_for_addresses(source, url, fits):
    assert matches(source, url, PAGE) is fits


@pytest.mark.parametrize(
    ("policy", "nonce", "script", "frame"),
    [
        ("", "", True, True),
        ("img-src 'none'", "", True, True),
        ("default-src 'self'", "", False, False),
        ("default-src 'self'; script-src https://acme.atrium.example", "", True, False),
        ("default-src *; script-src 'self'", "", False, True),
        ("script-src 'none'; script-src *", "", False, True),
        ("script-src *; script-src-elem 'self'", "", False, True),
        ("child-src 'self'; frame-src https:", "", True, True),
        ("child-src 'self'", "", True, False),
        ("script-src 'nonce-r4nd' 'strict-dynamic' https:", "", False, True),
        ("script-src 'nonce-r4nd' 'strict-dynamic' https:", "r4nd", True, True),
        ("script-src 'nonce-r4nd' 'strict-dynamic'", "other", False, True),
        ("script-src 'nonce-r4nd'", "r4nd", True, True),
        ("script-src 'NONCE-r4nd'", "r4nd", True, True),
        ("script-src 'nonce-R4ND'", "r4nd", False, True),
        ("default-src 'nonce-r4nd' 'strict-dynamic'", "r4nd", True, False),
        ("default-src 'none'; script-src-elem 'nonce-r4nd'; frame-src *", "r4nd", True, True),
        ("script-src 'sha256-abc='", "", False, True),
        ("style-src 'none'; connect-src 'none'; img-src 'none'; font-src 'none'", "", True, True),
        ("script-src-attr 'none'; worker-src 'none'; require-trusted-types-for 'script'", "", True, True),
        ("SCRIPT-SRC 'SELF' HTTPS://ACME.ATRIUM.EXAMPLE", "", True, True),
        ("script-src", "", False, True),
        ("default-src https:, script-src 'self'", "", False, True),
    ],
)
def test_a_policy_decides_by_its_nearest_directive(policy, nonce, script, frame):
    policies = read_policies([policy])
    assert all(each.allows(SCRIPT, f"{HOST}/embed.js", PAGE, nonce) for each in policies) is script
    assert all(each.allows(FRAME, f"{HOST}/embed/frame/", PAGE) for each in policies) is frame


@pytest.mark.parametrize(
    ("policy", "integrity", "runs"),
    [
        ("script-src 'sha256-abc='", "sha256-abc=", True),
        ("script-src 'SHA256-abc='", "sha256-abc=", True),
        ("script-src 'sha256-ABC='", "sha256-abc=", False),
        ("script-src 'sha384-a+/b' 'strict-dynamic'", "sha384-a-_b", True),
        ("script-src 'sha256-abc='", "sha256-abc= sha512-def=", False),
        ("script-src 'sha256-abc=' 'sha512-def='", "sha256-abc= sha512-def=?x", True),
        ("script-src 'sha256-abc='", "md5-abc=", False),
    ],
)
def test_a_hash_lets_in_a_script_with_that_integrity(policy, integrity, runs):
    [read] = read_policies([policy])
    assert read.allows(SCRIPT, f"{HOST}/embed.js", PAGE, "", integrity) is runs


@given(st.text(max_size=200), st.text(max_size=40))
def test_whatever_stands_in_a_policy_or_a_page_it_is_read(text, key):
    for each in read_policies([text], [text]):
        each.allows(SCRIPT, f"{HOST}/embed.js", PAGE, key)
    html = f"<script src='{text}' data-site='{key}'></script><meta http-equiv=content-security-policy content='{text}'>"
    for page in (read_page(PAGE, text, {}), read_page(PAGE, html, {"content-security-policy": [text]})):
        findings(page, ASKED)


@given(st.sampled_from(["'self'", "https:", "*", "'none'", "acme.atrium.example", "*.example", "data:"]), st.data())
def test_a_source_more_never_shuts_anybody_out(more, data):
    sources = data.draw(
        st.lists(st.sampled_from(["'self'", "https://x.example", "data:", "a.example:444"]), max_size=3)
    )
    [before] = read_policies([f"frame-src {' '.join(sources)}"])
    [after] = read_policies([f"frame-src {' '.join([*sources, more])}"])
    frame = f"{HOST}/embed/frame/"
    assert after.allows(FRAME, frame, PAGE) >= before.allows(FRAME, frame, PAGE)


def codes(html: str, url: str = PAGE, asked: Asked = ASKED, **headers: str) -> list[str]:
    given = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return [finding.code for finding in findings(read_page(url, html, given), asked)]


@pytest.mark.parametrize("snippet", [SNIPPET, BY_ADDRESS, f'<script async src="{HOST}/embed.js"></script>'
                                     f'<atrium-chat data-site="{KEY}"></atrium-chat>'])  # fmt: skip
def test_nothing_is_said_of_a_page_in_order(snippet):
    assert codes(f"<html><body>{snippet}</body></html>") == []
    allowing = f"default-src 'self'; script-src {HOST}; frame-src {HOST}"
    assert codes(snippet, content_security_policy=allowing) == []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>Hello</p>", ["snippet_missing"]),
        (f"<!-- {SNIPPET} -->", ["snippet_in_comment"]),
        (f"<template>{SNIPPET}</template>", ["snippet_missing"]),
        (f"<script>var x = '{KEY}'</script>", ["snippet_missing"]),
        (SNIPPET.replace(KEY, "site_wrong"), ["key_unknown"]),
        (SNIPPET.replace(KEY, OTHER), ["key_of_another", "site_closed"]),
        (f'<script async src="{HOST}/embed.js"></script>', ["no_key"]),
        (SNIPPET.replace(HOST, "https://other.atrium.example"), ["other_host"]),
        (SNIPPET.replace("https:", "http:"), ["mixed_content"]),
        (SNIPPET.replace("async", 'async type="text/plain"'), ["not_run"]),
        (SNIPPET.replace("async ", ""), ["not_async"]),
        (SNIPPET.replace("async", 'async integrity="sha256-abc="'), ["integrity"]),
        (SNIPPET + SNIPPET, ["several"]),
        (f'<script src="{HOST}/static/embed/chat/atrium-chat.js" data-key="{KEY}"></script>', ["old_snippet"]),
        ('<meta http-equiv="Content-Security-Policy" content="script-src \'self\'">' + SNIPPET, ["csp_script"]),
        ('<meta http-equiv="Content-Security-Policy" content="sandbox; frame-src x">' + SNIPPET, ["csp_frame"]),
        ('<base href="https://cdn.example/"><script async src="/embed.js" data-site="site_abc"></script>',
         ["other_host"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_page_has_a_name(html, found):
    assert codes(html) == found


def test_headers_keep_the_chat_away_too():
    policy = "default-src 'self'; script-src 'nonce-x' 'strict-dynamic'"
    assert codes(SNIPPET, content_security_policy=policy) == ["csp_script", "csp_frame"]
    assert codes(SNIPPET, content_security_policy="sandbox allow-forms") == ["csp_sandbox"]
    assert codes(SNIPPET, content_security_policy_report_only="default-src 'none'") == []
    assert codes(SNIPPET, content_security_policy="sandbox allow-scripts") == ["csp_sandbox"]
    assert codes(SNIPPET, content_security_policy="sandbox allow-scripts allow-same-origin") == []
    assert codes(SNIPPET, cross_origin_embedder_policy="require-corp") == []  # the frame says that it may be embedded
    [finding, other] = findings(read_page(PAGE, SNIPPET, {"content-security-policy": ["default-src 'self'"]}), ASKED)
    assert finding.mend == f"Add a directive: script-src 'self' {HOST}, with what default-src allows."
    assert other.mend.startswith("Add a directive: frame-src")


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("https://new.example.com:8443/x", "Add https://new.example.com:8443 to the pages that may show Shop."),
        ("http://www.example.com/", "Serve the page by https: by http it is another page."),
        ("http://blog.example.net/", "Serve the page by https, and add https://blog.example.net to the pages"),
        ("http://localhost:3000/", "Add http://localhost:3000 to the pages"),
    ],
)
def test_a_page_that_is_not_named_is_told_what_to_add(url, mend):
    [finding] = findings(read_page(url, SNIPPET, {}), ASKED)
    assert finding.code == "origin_not_allowed"
    assert finding.mend.startswith(mend)
    assert codes(SNIPPET, "https://a.b.example.org/") == []


def mends(policy: str, asked: Asked = ASKED, html: str = SNIPPET) -> list[str]:
    return [each.mend for each in findings(read_page(PAGE, html, {"content-security-policy": [policy]}), asked)]


def test_what_mends_a_policy_fits_it():
    assert mends("script-src 'self'") == [f"Add {HOST} to script-src."]
    assert mends("script-src 'nonce-x' 'strict-dynamic'") == [
        "Give the script the page's nonce: <script async nonce=...>."
    ]
    [either] = mends("script-src 'self' 'nonce-x'")
    assert either.endswith(f"Or: Add {HOST} to script-src.")


def test_a_page_that_loads_from_another_host_of_the_tenants_is_judged_by_that_one():
    second = "https://chat.example.com"
    asked = Asked(SITE, {KEY: SITE}, HOST, {"acme.atrium.example", "chat.example.com"})
    html = SNIPPET.replace(HOST, second)
    assert mends(f"script-src {second}; frame-src {second}", asked, html) == []
    assert mends(f"script-src {HOST}; frame-src {HOST}", asked, html) == [
        f"Add {second} to script-src.",
        f"Add {second} to frame-src.",
    ]
