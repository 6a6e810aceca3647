"""Which pages a pattern lets in. Whatever is tried, nothing but the named hosts gets through."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embed.origins import as_pattern, is_allowed, is_origin
from tenants.errors import InvalidInput

SHOP, ANY, PORT, LOCAL = (
    "https://shop.example.com",
    "https://*.example.com",
    "https://*.example.com:8443",
    "http://localhost:3000",
)

ALLOWED = [
    (SHOP, "https://shop.example.com"),
    (ANY, "https://shop.example.com"),
    (ANY, "https://a.b.c.example.com"),
    (ANY, "https://under_score.example.com"),
    (ANY, "https://xn--mller-kva.example.com"),
    (PORT, "https://shop.example.com:8443"),
    (LOCAL, "http://localhost:3000"),
]

REFUSED = {
    "the name without a label before it": (ANY, "https://example.com"),
    "a name that ends alike": (ANY, "https://evil-example.com"),
    "a name that ends alike, with a dot of its own": (ANY, "https://shop.evilexample.com"),
    "a name that goes on": (ANY, "https://shop.example.com.evil.net"),
    "a name that goes on, exactly": (SHOP, "https://shop.example.com.evil.net"),
    "a name that begins earlier": (SHOP, "https://evilshop.example.com"),
    "an empty label": (ANY, "https://.example.com"),
    "two dots": (ANY, "https://a..example.com"),
    "a dot at the end": (ANY, "https://shop.example.com."),
    "another scheme": (ANY, "http://shop.example.com"),
    "a scheme of its own": (ANY, "evil://shop.example.com"),
    "a port": (ANY, "https://shop.example.com:8443"),
    "no port": (PORT, "https://shop.example.com"),
    "another port": (PORT, "https://shop.example.com:84430"),
    "the scheme's own port, which no browser sends": (SHOP, "https://shop.example.com:443"),
    "a user": (ANY, "https://shop.example.com@evil.net"),
    "a user in front": (ANY, "https://evil.net@shop.example.com"),
    "a user with a password": (ANY, "https://evil.net:x@shop.example.com"),
    "a path": (ANY, "https://shop.example.com/"),
    "a path before the name": (ANY, "https://evil.net/.example.com"),
    "a query before the name": (ANY, "https://evil.net?.example.com"),
    "a fragment before the name": (ANY, "https://evil.net#.example.com"),
    "a backslash, which browsers take for a slash": (ANY, "https://evil.net\\.example.com"),
    "a port before the name": (ANY, "https://evil.net:1.example.com"),
    "capitals, which no browser sends": (ANY, "https://Shop.example.com"),
    "another script, which no browser sends": (ANY, "https://müller.example.com"),
    "letters that look alike": (SHOP, "https://\u0455hop.example.com"),
    "a full-width dot": (ANY, "https://evil。example.com"),
    "a star": (ANY, "https://*.example.com"),
    "no origin": (ANY, "null"),
    "nothing": (ANY, ""),
    "two of them": (ANY, "https://evil.net https://shop.example.com"),
    "a new line at the end": (SHOP, "https://shop.example.com\n"),
    "a new line before it": (ANY, "https://evil.net\n.example.com"),
    "a percent sign": (ANY, "https://evil.net%2f.example.com"),
    "the other loopback": (LOCAL, "http://127.0.0.1:3000"),
    "another port here": (LOCAL, "http://localhost:30000"),
    "too long": (ANY, f"https://{'a.' * 200}example.com"),
}


@pytest.mark.parametrize(("pattern", "origin"), ALLOWED)
def test_a_page_that_is_named_is_let_in(pattern, origin):
    assert is_allowed(origin, ["https://other.example.net", as_pattern(pattern)])


@pytest.mark.parametrize("which", REFUSED)
def test_nothing_else_is(which):
    pattern, origin = REFUSED[which]
    assert not is_allowed(origin, [as_pattern(pattern)])


TYPED = {
    " https://Shop.Example.com/ ": "https://shop.example.com",
    "https://shop.example.com:443": "https://shop.example.com",
    "https://müller.de": "https://xn--mller-kva.de",
    "https://*.Müller.de:8443": "https://*.xn--mller-kva.de:8443",
    "http://localhost:3000": "http://localhost:3000",
    "http://*.localhost:8000": "http://*.localhost:8000",
    "http://127.0.0.1": "http://127.0.0.1",
    "http://[::1]:3000": "http://[::1]:3000",
    "https://192.0.2.7": "https://192.0.2.7",
}


@pytest.mark.parametrize("typed", TYPED)
def test_what_a_person_types_becomes_what_browsers_send(typed):
    assert as_pattern(typed) == TYPED[typed]


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "*",
            "null",
            "example.com",
            "https://",
            "https://*",
            "https://*.com",
            "https://*.0.1",
            "https://*.*.a.com",
        ),
        *(
            "https://a.*.com",
            "https://a*.example.com",
            "https://example.com/shop",
            "https://example.com?x",
            "ftp://a.de",
        ),
        *("https://user@example.com", "https://example.com:0", "https://example.com:99999", "https://example.com:x"),
        *("https://exam ple.com", "https://a.com https://b.com", "https://a.com,https://b.com", "http://example.com"),
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "https://a.com;script-src *",
            "https://a.com'",
            "file:///etc/passwd",
        ),
        *("https://-a.com", "https://a..com", "https://[::1", "http://*.[::1]", f"https://{'a' * 64}.com", "//a.com"),
    ],
)
def test_what_cannot_be_an_origin_is_refused_with_its_field(typed):
    with pytest.raises(InvalidInput) as refused:
        as_pattern(typed)
    assert refused.value.facts["errors"][0]["field"] == "origins"  # type: ignore[index]


hosts = st.from_regex(r"\A[a-z0-9-]{1,8}(\.[a-z0-9-]{1,8}){1,3}\Z")
pieces = st.sampled_from(
    [
        *("https://", "http://", "example.com", ".example.com", "evil.net", "shop", ".", "@", ":", "443", "/", "\\"),
        *("#", "?", "*", "null", "%2e", "。", "\n", "\t", " ", "[", "]", "::1", "-", "_", "a", "EXAMPLE.COM", "xn--"),
        "\x00",
    ]
)


@given(st.lists(pieces, max_size=8).map("".join) | st.text(max_size=40))
def test_whatever_is_sent_only_names_below_the_pattern_get_in(sent):
    if is_allowed(sent, [ANY]):
        parts = urlsplit(sent)
        assert (parts.scheme, parts.port, parts.username, parts.path) == ("https", None, None, "")
        assert parts.hostname is not None
        assert parts.hostname.endswith(".example.com")
        assert len(parts.hostname) > len(".example.com")
        assert sent == f"https://{parts.hostname}"


@given(st.text(max_size=60) | st.lists(pieces, max_size=8).map("".join))
def test_a_pattern_that_was_accepted_is_accepted_again_as_it_is_and_can_stand_in_a_header(typed):
    try:
        pattern = as_pattern(typed)
    except InvalidInput:
        return
    assert as_pattern(pattern) == pattern
    assert pattern.isascii()
    assert pattern.isprintable()
    assert not set(pattern) & set(" ;,'\"<>\\?#@%")
    assert is_origin(pattern.replace("*.", "any."))


@given(hosts)
def test_an_origin_lets_itself_in_and_its_pattern_all_that_is_below_it(host):
    origin = f"https://{host}"
    try:
        exact, below = as_pattern(origin), as_pattern(f"https://*.{host}")
    except InvalidInput:
        return
    assert is_allowed(origin, [exact])
    assert is_allowed(f"https://any.{host}", [below])
    assert not is_allowed(origin, [below])
    assert not is_allowed(f"https://any.{host}", [exact])
