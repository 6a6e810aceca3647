"""Embedded chats in the console: made, changed, switched off, given a secret, deleted."""

from __future__ import annotations

import re

import pytest

from embed.identity.secrets import decrypted
from embed.models import Site
from rag.models import Collection
from tenants.models import AccessRule
from tests.audit import logged
from tests.consoles import Console
from tests.factories import make_member

ADD = "embed/site/add/"
BASIC = {
    "name": "Help in the shop",
    "assistant_id": "docs_assistant",
    "origins": "https://Shop.example.com/\r\n\r\nhttps://*.example.org",
    "who": "anyone",
    "enabled": "on",
    "greeting": "Hello!",
    "starters": "Where is my parcel?\r\nCan I return it?",
    "consent": "",
    "messages_a_day": "20",
    "messages_a_day_in_all": "",
    "kept_days": "30",
}


@pytest.fixture
async def owners(server, acme) -> Console:
    console = Console(server.client(acme.host))
    assert (await console.sign_in("owner")).status_code == 302
    return console


async def test_an_owner_makes_a_site_whose_visitors_get_visible_rules(owners, acme):
    collection = await acme.run(lambda: Collection.objects.create(name="Leaflets"))
    made = await owners.send(ADD, **BASIC, collections=str(collection.pk))
    assert made.status_code == 302, re.findall(r"errorlist.*?</ul>", made.text, re.S)
    made = await owners.client.get(made.headers["location"])
    assert "Help in the shop is made" in made.text
    assert "embed.js?site=" in made.text
    assert "It may quote no collection" not in made.text
    site = await acme.run(Site.objects.get)
    assert (site.pk, site.origins) == ("help-in-the-shop", ["https://shop.example.com", "https://*.example.org"])
    assert (site.starters, site.messages_a_day_in_all) == (["Where is my parcel?", "Can I return it?"], None)
    rules = await acme.run(lambda: [str(rule) for rule in AccessRule.objects.filter(site_id=site.pk)])
    assert len(rules) == 4
    page = (await owners.open(f"embed/site/{site.pk}/change/")).text
    assert site.public_key in page
    assert page.count("tenants/accessrule/") >= 4
    assert "may read the collection Leaflets with Documents" in page
    listed = (await owners.open("embed/site/")).text
    assert "https://shop.example.com and 1 more" in listed
    assert "help-in-the-shop" in (await owners.open("tenants/accessrule/")).text


async def test_a_site_that_can_quote_nothing_is_made_with_a_warning(owners):
    made = await owners.send(ADD, **BASIC)
    assert "It may quote no collection" in (await owners.client.get(made.headers["location"])).text


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(owners, acme):
    for wrong, said in (
        ({"origins": "shop.example.com"}, "begins with https://"),
        ({"origins": "https://*.com"}, "at least two names after the *"),
        ({"origins": "http://shop.example.com"}, "http:// is for localhost only"),
        ({"starters": "\n".join(f"Question {n}?" for n in range(7))}, "at most 6 questions"),
        ({"assistant_id": "unknown"}, "Select a valid choice"),
    ):
        answer = await owners.send(ADD, **{**BASIC, **wrong})
        assert answer.status_code == 200
        assert said in answer.text.replace("&#x27;", "'"), wrong
    assert await acme.run(Site.objects.count) == 0
    assert await acme.run(AccessRule.objects.exclude(site_id="").count) == 0


async def test_a_secret_is_shown_once_and_kept_encrypted(owners, acme):
    await owners.send(ADD, **BASIC)
    change = "embed/site/help-in-the-shop/change/"
    shown = await owners.send(change, **BASIC, identity_key="", embed_site_make_secret="")
    [secret] = re.findall(r'data-testid="secret">(ids_[^<]+)<', shown.text)
    site = await acme.run(Site.objects.get)
    assert secret not in site.identity_secret
    assert await acme.run(lambda: decrypted(site.identity_secret)) == secret
    page = (await owners.open(change)).text
    assert secret not in page
    entries = await logged(acme)
    assert {"site.added", "access_rule.added", "site.secret_made"} <= {entry.action for entry in entries}
    assert not [entry for entry in entries if secret in str((entry.before, entry.after))]
    assert site.identity_secret not in page
    assert "no public key in PEM" in (await owners.send(change, **BASIC, identity_key="mine")).text


async def test_a_site_is_switched_off_and_deleted(owners, acme):
    await owners.send(ADD, **BASIC)
    off = {name: value for name, value in BASIC.items() if name != "enabled"}
    assert (await owners.send("embed/site/help-in-the-shop/change/", **off, identity_key="")).status_code == 302
    assert (await acme.run(Site.objects.get)).enabled is False
    assert (await owners.send("embed/site/help-in-the-shop/delete/", post="yes")).status_code == 302
    assert await acme.run(Site.objects.count) == 0
    assert await acme.run(AccessRule.objects.exclude(site_id="").count) == 0


async def test_editors_and_the_neighbours_owner_see_nothing_of_it(owners, server, acme, globex):
    await owners.send(ADD, **BASIC)
    await acme.run(lambda: make_member("editor", "Editor", is_staff=True))
    editors, neighbours = Console(server.client(acme.host)), Console(server.client(globex.host))
    await editors.sign_in("editor")
    await neighbours.sign_in("owner")
    assert {(await editors.open(path)).status_code for path in ("embed/site/", ADD)} == {403}
    assert "Help in the shop" not in (await neighbours.open("embed/site/")).text
    assert (await neighbours.open("embed/site/help-in-the-shop/change/")).status_code in (302, 404)


async def test_a_look_is_stored_when_it_can_be_read_and_handed_out(owners, acme):
    await owners.send(ADD, **BASIC)
    change = "embed/site/help-in-the-shop/change/"
    for wrong, said in (
        ({"light_accent": "#ffcc00"}, "The nearest colour that passes is #"),
        ({"dark_text": "#555"}, "In the dark theme, the text (#555555)"),
        ({"light_accent": "red"}, "is no colour such as #0b6a5d"),
        ({"light_variables": "--atrium-muted: url(//evil.example)"}, "--atrium-muted is a colour"),
        ({"light_variables": "body{display:none}"}, "none of the variables"),
        ({"radius": "99"}, "less than or equal to 32"),
        ({"languages": "german"}, "no language such as en"),
    ):
        answer = await owners.send(change, **BASIC, identity_key="", **wrong)
        assert answer.status_code == 200, wrong
        assert said in answer.text.replace("&#x27;", "'"), wrong
    assert (await acme.run(Site.objects.get)).look == {
        **{"light": {}, "dark": {}},
        "variables": {"light": {}, "dark": {}},
    }
    look = {"light_accent": "#7A1FA2", "radius": "4", "position": "left", "icon": "spark", "label": "Ask us"}
    more = {"dark_variables": "--atrium-muted: #9ab;", "languages": "DE\r\npt_br", "fallback": "Write to us."}
    assert (await owners.send(change, **BASIC, identity_key="", **look, **more)).status_code == 302
    site = await acme.run(Site.objects.get)
    assert site.look == {
        **{"radius": 4, "position": "left", "icon": "spark", "label": "Ask us"},
        **{"light": {"accent": "#7a1fa2"}, "dark": {}},
        "variables": {"light": {}, "dark": {"--atrium-muted": "#99aabb"}},
    }
    assert (site.languages, site.fallback) == (["de", "pt-BR"], "Write to us.")
    shown = (await owners.open(change)).text
    assert 'value="#7a1fa2"' in shown
    assert "--atrium-muted: #99aabb" in shown
    assert "Put it into a page" in shown
