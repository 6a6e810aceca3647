"""What an administrator copies into a web page."""

from __future__ import annotations

from html.parser import HTMLParser

from embed.models import Site
from embed.snippet import inline_snippet_of, page_link_of, snippet_of

HOST = "https://chat.acme.example"
SITE = Site(id="shop", name="Shop", public_key="site_abc-123", origins=["https://shop.example.com"])


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(html)
    return found


def test_a_snippet_is_two_lines_with_the_public_key_and_nothing_else_of_the_site():
    snippet = snippet_of(SITE, HOST)
    assert len(snippet.splitlines()) == 2
    assert tags(snippet) == [("script", {"async": None, "src": f"{HOST}/embed.js?site=site_abc-123"})]
    SITE.name = 'x --><script>"'
    assert len(tags(snippet_of(SITE, HOST))) == 1


def test_an_inline_snippet_says_where_the_chat_stands():
    script, chat = tags(inline_snippet_of(SITE, HOST))
    assert script == ("script", {"async": None, "src": f"{HOST}/embed.js"})
    assert chat == ("atrium-chat", {"data-site": "site_abc-123"})


def test_a_page_of_its_own_is_for_sites_that_name_the_host():
    assert page_link_of(SITE, HOST) is None
    SITE.origins = ["https://shop.example.com", "https://*.acme.example"]
    assert page_link_of(SITE, HOST) == f"{HOST}/embed/page/site_abc-123/"
