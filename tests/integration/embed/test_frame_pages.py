"""The launcher's script, the frame's page and the chat's own page: who may show them, and what they say."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from embed.frame_views import DRAWN_WITH, LAUNCHER, PLACE, frame_ancestors
from embed.models import Site
from tests.integration.embed.conftest import EVIL, SHOP


def policy(response) -> dict[str, str]:
    """The directives of its Content-Security-Policy."""
    written = response.headers["Content-Security-Policy"]
    return dict(each.strip().split(" ", 1) for each in written.split(";"))


@pytest.fixture
def browser(shop):
    return shop.server.client(shop.tenant.host)


async def frame_of(shop, browser):
    return await browser.get("/embed/frame/", params={"key": shop.site.public_key})


async def test_a_frame_stands_in_the_pages_of_its_site_and_runs_nothing_but_our_own_files(shop, browser):
    await shop.change(consent="We keep what you <b>write</b>.</script>")
    answer = await frame_of(shop, browser)
    assert answer.status_code == 200
    rules = policy(answer)
    assert rules.pop("style-src").startswith("'self' 'nonce-")
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": f"{SHOP} https://*.pages.example.com",
    }
    headers = answer.headers
    assert "X-Frame-Options" not in headers  # it knows no list of pages
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in headers
    config = answer.text.partition('id="frame-config" type="application/json">')[2].partition("</script>")[0]
    assert json.loads(config)["consent"] == "We keep what you <b>write</b>.</script>"
    assert shop.secret not in answer.text
    await shop.change(look={"light": {"accent": "#112233"}}, fallback="Call us.")
    drawn = await frame_of(shop, browser)
    assert "--atrium-accent:#112233;" in drawn.text
    assert f'<style nonce="{policy(drawn)["style-src"].partition("nonce-")[2].rstrip(chr(39))}">' in drawn.text


async def test_a_key_that_nobody_has_opens_no_frame_and_a_closed_site_says_so_on_its_own_pages(shop, browser):
    unknown_keys = ("/embed/frame/?key=site_unknown", "/embed/frame/?key=%00", "/embed/page/site_%00/")
    for path in ("/embed/frame/", "/embed/page/site_unknown/", *unknown_keys):
        unknown = await browser.get(path)
        assert (unknown.status_code, policy(unknown)["frame-ancestors"]) == (404, "'none'"), path
        assert unknown.headers["X-Frame-Options"] == "DENY"
        assert "There is no chat here" in unknown.text
        arabic = await browser.get(path, headers={"Accept-Language": "ar-EG"})
        assert '<html lang="ar" dir="rtl">' in arabic.text
    await shop.change(enabled=False)
    closed = await frame_of(shop, browser)
    assert policy(closed)["frame-ancestors"].startswith(SHOP)
    assert '"open": false' in closed.text
    await shop.change(origins=[EVIL])
    assert policy(await frame_of(shop, browser))["frame-ancestors"] == EVIL


async def test_a_frame_is_in_the_language_of_its_page_before_its_script_runs(shop, browser):
    path = f"/embed/frame/?key={shop.site.public_key}"
    german = (await browser.get(f"{path}&locale=de-AT", headers={"Accept-Language": "fr"})).text
    assert '<html lang="de" dir="ltr">' in german
    assert re.search(r'<link rel="modulepreload" href="[^"]*/locales/de[.\w]*js">', german)
    assert '"locale": "de-AT"' in german
    assert "Der Chat konnte nicht geladen werden." in german
    french = await browser.get(f"{path}&locale=nl", headers={"Accept-Language": "fr"})
    assert '<html lang="fr" dir="ltr">' in french.text
    assert "Accept-Language" in french.headers["Vary"]
    await shop.change(languages=["zh", "ar"])
    for asked, shown in (("de", "zh"), ("ar-EG", "ar"), ("<script>", "zh")):
        assert (
            f'<html lang="{shown}"'
            in (await browser.get("/embed/frame/", params={"key": shop.site.public_key, "locale": asked})).text
        )


async def test_a_page_of_its_own_is_there_when_the_site_names_the_host(shop, browser):
    path = f"/embed/page/{shop.site.public_key}/"
    assert (await browser.get(path)).status_code == 404
    await shop.change(origins=[SHOP, f"http://{shop.tenant.host}:{shop.server.port}"])
    page = await browser.get(path)
    assert (page.status_code, policy(page)["frame-ancestors"]) == (200, "'none'")
    assert page.headers["X-Frame-Options"] == "DENY"


def test_what_no_policy_can_name_is_left_out():
    assert frame_ancestors(["http://[::1]:8000", SHOP]) == SHOP
    assert frame_ancestors(["http://[::1]:8000"]) == "'none'"
    assert frame_ancestors([]) == "'none'"


async def test_the_script_is_for_every_page_and_kept_until_it_changes(shop, browser):
    path = f"/embed.js?site={shop.site.public_key}"
    answer = await browser.get(path, headers={"Origin": EVIL, "Accept-Encoding": "identity"})
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert "Set-Cookie" not in answer.headers
    assert PLACE not in answer.text
    assert f'"key": "{shop.site.public_key}"' in answer.text
    packed = await browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.text == answer.text
    same = await browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    await shop.tenant.run(lambda: Site.objects.update(name='A "new" name</script>'))
    other = await browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (other.status_code, json.dumps('A "new" name</script>') in other.text) == (200, True)


async def test_the_script_tells_of_a_key_that_is_not_known_and_of_a_site_that_is_closed(shop, browser, globex):
    key = shop.site.public_key
    await shop.change(look={"position": "left", "light": {"accent": "#112233"}})
    drawn = (await browser.get(f"/embed.js?site={key}")).text
    assert '"open": true' in drawn
    assert '"position": "left"' in drawn
    assert "--atrium-accent:#112233;" in drawn
    await shop.change(enabled=False)
    assert '"open": false' in (await browser.get(f"/embed.js?site={key}")).text
    elsewhere = await shop.server.client(globex.host).get(f"/embed.js?site={key}")
    assert f'{{"key": "{key}", "known": false}}' in elsewhere.text
    unheard_of = await browser.get("/embed.js?site=site_%00")
    assert (unheard_of.status_code, '"known": false' in unheard_of.text) == (200, True)
    assert (await browser.get("/embed.js")).text == LAUNCHER.read_text().replace(PLACE, "null")


async def test_the_launcher_is_at_most_5_kilobytes_on_its_way_with_all_that_it_is_told(shop, browser):
    used = re.findall(r"var\((--atrium-[a-z-]+)", LAUNCHER.read_text())
    assert set(used) == set(DRAWN_WITH)
    colours = {"light": {"accent": "#7a1fa2", "ground": "#fdfdfe"}, "dark": {"accent": "#b97bda"}}
    await shop.change(name="Help in the shop", look={**colours, "label": "Ask us", "offset_x": 35, "radius": 9})
    script = (await browser.get(f"/embed.js?site={shop.site.public_key}")).content
    assert b"#7a1fa2" in script
    assert len(gzip.compress(script)) <= 5_000
