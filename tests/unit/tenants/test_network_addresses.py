"""Which addresses are public ones, and what an operator's entries allow."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.network import AddressRefused, Guard, UrlInvalid, UrlUnreachable
from tenants.network.addresses import kind_if_not_public
from tenants.network.allowed import read_entries

FOURS = st.ip_addresses(v=4)
SIXES = st.ip_addresses(v=6)  # Hypothesis draws many of both from the special networks
PUBLIC_FOURS = FOURS.filter(lambda address: not kind_if_not_public(address))
NAT64 = IPv6Network("64:ff9b::/96")
OTHER_FOURS = FOURS.filter(lambda address: bool(kind_if_not_public(address)))


def embedded(prefix: str, address: IPv4Address, shift: int = 0) -> IPv6Address:
    return IPv6Address(int(IPv6Address(prefix)) | int(address) << shift)


@pytest.mark.parametrize(
    ("kind", "texts"),
    {
        "loopback": "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1",
        "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd00:ec2::254 fd20:ce::254 ::ffff:a00:1",
        "link-local": "169.254.169.254 169.254.170.2 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe",
        "carrier-grade NAT": "100.64.0.1 100.127.255.255 100.100.100.200",
        "cloud metadata": "168.63.129.16",
        "unspecified": "0.0.0.0 0.1.2.3 ::",
        "multicast": "224.0.0.1 239.255.255.250 ff02::1 ff0e::1",
        "reserved": "192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.255 2001:db8::1"
        " 64:ff9b:1::1 100::1 4000::1 2001:20::1 3fff::1 5f00::1 2a00:1450::5efe:a00:1 2a00:1450::200:5efe:a00:1",
        "an old form of an IPv4 address": "::10.0.0.1 ::8.8.8.8 2002:a00:1::1 2002:808:808::1 2001:0:808:808::1",
        "": "8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 168.63.129.17 2606:4700::1111 2a00:1450::1"
        " ::ffff:8.8.8.8 64:ff9b::808:808",
    }.items(),
)
def test_each_kind_of_address_is_known(kind, texts):
    assert {text: kind_if_not_public(ip_address(text)) for text in texts.split()} == dict.fromkeys(texts.split(), kind)


@given(FOURS | SIXES)
def test_nothing_is_public_that_the_standard_library_does_not_call_so(address):
    judged = address
    if address.version == 6:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
        judged = address.ipv4_mapped or (inner if address in NAT64 else address)
    if not kind_if_not_public(address):
        assert judged.is_global
        assert not any((judged.is_multicast, judged.is_reserved, judged.is_loopback, judged.is_link_local))


@given(FOURS)
def test_a_wrapped_address_is_never_more_public_than_the_one_inside(address):
    inside = kind_if_not_public(address)
    assert kind_if_not_public(embedded("::ffff:0:0", address)) == inside
    assert kind_if_not_public(embedded("64:ff9b::", address)) == inside
    assert kind_if_not_public(embedded("::", address))
    assert kind_if_not_public(embedded("2002::", address, 80))
    assert kind_if_not_public(embedded("2001::", address))
    assert kind_if_not_public(embedded("2a00:1450:0:0:0:5efe::", address))


def guard(*allow: str, ports=(80, 443), **hosts: str) -> Guard:
    """A guard whose name server knows ``hosts``, by the first word of their names."""

    def resolver(host: str, port: int) -> list[str]:
        if host.partition(".")[0] not in hosts:
            raise OSError("unknown")
        return hosts[host.partition(".")[0]].split()

    return Guard(frozenset(ports), read_entries(allow), resolver)


@given(PUBLIC_FOURS, OTHER_FOURS, st.booleans())
def test_one_bad_address_of_a_host_is_enough_to_refuse_it(public, other, first):
    both = f"{other} {public}" if first else f"{public} {other}"
    assert guard(host=str(public)).addresses("host.example", 443) == [str(public)]
    with pytest.raises(AddressRefused) as refusal:
        guard(host=both).addresses("host.example", 443)
    assert str(other) not in refusal.value.detail


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        *("http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://0x7f.1/"),
        *("http://10.0.0.1./", "http://0/", "http://0.0.0.0/", "http://[::]/", "http://169.254.169.254/latest/"),
        *("http://[64:ff9b::a9fe:a9fe]/", "http://192.168.0.1:80/", "http://8.8.8.8.0x10/", "http://[fe80::1%25eth0]/"),
        *("http://host.example:22/", "http://8.8.8.8:6379/", "https://host.example:5432/"),
    ],
)
def test_an_address_or_a_port_that_may_not_be_reached_is_refused_before_any_name_is_looked_up(url):
    with pytest.raises(AddressRefused):
        guard().check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "host.example", "//host.example/", "ftp://host.example/", "file:///etc/passwd", "gopher://host.example/"),
        *("javascript:alert(1)", "http://", "http:///x", "http://user:word@host.example/", "http://user@host.example/"),
        *("http://host.example\\@127.0.0.1/", "http://ho st.example/", "http://host.example:x/", "http://[::1"),
        *(
            "http://host.example/\r\nHost: x",
            "http://" + "a" * 3000 + "/",
            "data:text/plain,x",
            "http://0177.0.0.1/",
        ),
    ],
)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(UrlInvalid):
        guard(host="8.8.8.8").check_url(url)


@given(st.text(max_size=60) | st.from_regex(r"https?://[^ ]{0,40}", fullmatch=True))
def test_any_text_is_a_url_or_refused(text):
    try:
        url = guard().check_url(text)
    except (UrlInvalid, AddressRefused):
        return
    assert url.scheme in ("http", "https")
    assert url.host
    assert not url.userinfo


@pytest.mark.parametrize(
    ("entry", "reached", "refused"),
    [
        ("inner.example", ["inner.example:9999", "INNER.example.:80"], ["outer.example:80", "x.inner.example:80"]),
        ("inner.example:8000", ["inner.example:8000"], ["inner.example:80"]),
        (".example:8000", ["inner.example:8000", "x.y.example:8000"], ["inner.example:80", "inner.examples:8000"]),
        ("10.1.0.0/16", ["inner.example:9999", "10.1.2.3:22", "[::ffff:10.1.2.3]:80"], ["10.2.0.1:80", "outer.org:22"]),
        ("10.1.2.3:8000", ["inner.example:8000", "10.1.2.3:8000"], ["10.1.2.3:80", "inner.example:80"]),
        ("[::1]:8000", ["[::1]:8000"], ["[::1]:80", "127.0.0.1:8000"]),
        ("fd00::/8", ["[fd00::1]:1234"], ["[fe80::1]:80", "inner.example:80"]),
        ("localhost", ["localhost:11434"], ["127.0.0.1:11434", "[::1]:80"]),
    ],
)
def test_an_operators_entry_allows_what_it_names_and_no_more(entry, reached, refused):
    asked = guard(entry, inner="10.1.2.3", x="10.1.2.3", outer="10.9.9.9", localhost="127.0.0.1 ::1")
    for place in reached:
        assert reach(asked, place)
    for place in refused:
        with pytest.raises((AddressRefused, UrlUnreachable)):
            reach(asked, place)


def reach(asked: Guard, place: str) -> list[str]:
    asked.check_url(f"http://{place}/")
    host, _, port = place.rpartition(":")
    return asked.addresses(host, int(port))


@pytest.mark.parametrize(
    "entry", ["", "http://inner.example", "a b", "10.0.0.0/99", "host:0", "host:70000", "[::1", "1.2"]
)
def test_an_entry_that_cannot_be_read_is_named(entry):
    with pytest.raises(ValueError, match="is no host, address or network"):
        read_entries([entry])


def test_a_setting_that_cannot_be_read_stops_the_start(settings):
    from django.core.exceptions import ImproperlyConfigured

    from tenants.network.guard import check_settings

    settings.ATRIUM_NETWORK_ALLOW = ["inner.example", "10.0.0.0/99"]
    with pytest.raises(ImproperlyConfigured, match=r"ATRIUM_NETWORK_ALLOW: '10.0.0.0/99' is no host"):
        check_settings()


def test_an_unknown_host_is_told_apart():
    with pytest.raises(UrlUnreachable, match=r"no host nowhere\.example"):
        guard().addresses("nowhere.example", 443)
    with pytest.raises(UrlUnreachable):
        guard(empty="").addresses("empty.example", 443)
