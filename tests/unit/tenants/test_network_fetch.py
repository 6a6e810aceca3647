"""Reading addresses that a tenant gave, against servers that answer on this machine."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tenants.network import (
    AddressRefused,
    FetchFailed,
    FetchLimits,
    Guard,
    UrlAnsweredWithError,
    UrlInvalid,
    UrlTooLarge,
    UrlTooSlow,
    UrlUnreachable,
    UrlWrongType,
    afetch,
    fetch,
    guarded_async_client,
    guarded_client,
)
from tenants.network.allowed import read_entries


class Site:
    """A server that answers each path with the bytes it was told, and remembers the requests' heads."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, bytes] = {}
        self.heads: list[str] = []
        self.hangs: set[str] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            path = head.split(" ")[1]
            writer.write(self.answers.get(path, response(b"", status="404 Not Found")))
            await writer.drain()
            if path in self.hangs:
                await reader.read()  # until the other side gives up
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def says(self, path: str, body: bytes, **headers: str) -> str:
        self.answers[path] = response(body, **headers)
        return self.at(path)

    def leads(self, path: str, location: str) -> str:
        return self.says(path, b"", status="302 Found", Location=location)

    def at(self, path: str, host: str = "site.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    given = {"Content-Length": str(len(body)), "Connection": "close"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def serving(site: Site, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    running = await asyncio.start_server(site.answer, "127.0.0.1", 0, ssl=tls)
    site.port = running.sockets[0].getsockname()[1]
    async with running:
        yield site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as running:
        yield running


class Names:
    """A name server: each name has the answers that it gives, one after the other; the last stays."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        given = self.answers.get(host.partition(".")[0])
        if not given:
            raise OSError
        return (given.pop(0) if len(given) > 1 else given[0]).split()


@pytest.fixture
def guard(site) -> Guard:
    """As an operator who allows this one host, and nothing else of this machine."""
    names = Names(site=["127.0.0.1"], inner=["127.0.0.1"], public=["192.0.2.1"])
    return Guard(frozenset({80, 443, site.port}), read_entries(["site.example"]), names)


async def test_it_reads_what_is_there(site, guard):
    url = site.says("/page?x=1", "<p>Grüße</p>".encode("latin-1"), Content_Type="Text/HTML; charset=ISO-8859-1")
    found = await afetch(url, guard=guard, media_types=["text/*"])
    assert (found.url, found.status, found.media_type, found.text) == (url, 200, "text/html", "<p>Grüße</p>")
    [head] = site.heads
    assert f"\r\nHost: site.example:{site.port}\r\n" in head
    assert "cookie" not in head.lower()
    assert "authorization" not in head.lower()


async def test_synchronous_code_reads_it_too(site, guard):
    url = site.says("/", b"here", Content_Type="text/plain")
    assert (await asyncio.to_thread(fetch, url, guard=guard)).text == "here"


async def test_a_host_that_leads_to_this_machine_is_refused_and_never_asked(site, guard):
    for host in ("inner.example", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"):
        with pytest.raises(AddressRefused):
            await afetch(site.at("/", host), guard=guard)
    assert site.heads == []


async def test_a_redirect_is_checked_as_the_first_address_is(site, guard):
    site.says("/secret", b"secret", Content_Type="text/plain")
    for host in ("inner.example", "127.0.0.1", "[::1]", "0"):
        with pytest.raises(AddressRefused):
            await afetch(site.leads("/to", site.at("/secret", host)), guard=guard)
    for location in ("file:///etc/passwd", f"http://a:b@site.example:{site.port}/secret"):
        with pytest.raises(UrlInvalid):
            await afetch(site.leads("/to", location), guard=guard)
    assert set(site.paths()) == {"/to"}


async def test_redirects_are_followed_to_their_end_but_not_for_ever(site, guard):
    site.says("/3", b"end", Content_Type="text/plain", Set_Cookie="a=b")
    site.answers |= {
        "/1": response(b"", status="301 Moved", Location="/2", Set_Cookie="a=b"),
        "/2": response(b"", status="308 Moved", Location=f"//site.example:{site.port}/3"),
    }
    found = await afetch(site.at("/1"), guard=guard)
    assert (found.url, found.body) == (site.at("/3"), b"end")
    assert "cookie" not in "".join(site.heads).lower()
    site.leads("/round", "/round")
    with pytest.raises(FetchFailed, match="more than 2 times"):
        await afetch(site.at("/round"), guard=guard, limits=FetchLimits(redirects=2))
    assert site.paths().count("/round") == 3


async def test_a_name_that_changes_its_mind_gains_nothing(site):
    """The address that was looked at is the one that is connected to: the name is asked once a connection."""
    site.says("/", b"secret", Content_Type="text/plain")
    names = Names(rebinding=["198.51.100.7", "127.0.0.1"], turning=["127.0.0.1", "169.254.169.254"])
    guard = Guard(frozenset({site.port}), read_entries(["127.0.0.0/8"]), names)
    assert (await afetch(site.at("/", "turning.example"), guard=guard)).body == b"secret"
    assert names.asked == ["turning.example"]  # asked again, it would have led elsewhere
    with pytest.raises(AddressRefused):
        await afetch(site.at("/", "turning.example"), guard=guard)
    with pytest.raises(AddressRefused):
        await afetch(site.at("/", "rebinding.example"), guard=guard)
    assert len(site.heads) == 1


async def test_a_proxy_of_the_environment_is_not_used(site, guard, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await afetch(site.says("/", b"here"), guard=guard)).body == b"here"


async def test_a_body_over_the_limit_is_not_read(site, guard):
    limits = FetchLimits(size=1000)
    assert len((await afetch(site.says("/1", b"x" * 1000), guard=guard, limits=limits)).body) == 1000
    for url in (site.says("/2", b"x" * 1001), site.says("/3", b"x" * 5000, Content_Length="")):
        with pytest.raises(UrlTooLarge, match="larger than 1 kB"):
            await afetch(url, guard=guard, limits=limits)


async def test_a_packed_body_is_unpacked_no_further_than_the_limit(site, guard):
    limits = FetchLimits(size=100_000)
    small = gzip.compress(b"a" * 60_000) + gzip.compress(b"b" * 40_000)  # two members are one body
    found = await afetch(site.says("/1", small, Content_Encoding="gzip"), guard=guard, limits=limits)
    assert found.body == b"a" * 60_000 + b"b" * 40_000
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < limits.size
    with pytest.raises(UrlTooLarge):
        await afetch(site.says("/2", bomb, Content_Encoding="gzip"), guard=guard, limits=limits)
    for body, packing in ((b"plain", "gzip"), (small[:-9], "gzip"), (b"x", "br"), (small, "gzip, gzip")):
        with pytest.raises(FetchFailed):
            await afetch(site.says("/3", body, Content_Encoding=packing), guard=guard, limits=limits)


async def test_a_server_that_is_slow_to_answer_or_to_end_is_left(site, guard):
    site.answers["/silent"] = b""
    site.answers["/drip"] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
    site.hangs = {"/silent", "/drip"}
    for path in site.hangs:
        with pytest.raises(UrlTooSlow):
            await afetch(site.at(path), guard=guard, limits=FetchLimits(seconds=0.05))


async def test_only_wanted_kinds_are_taken(site, guard):
    url = site.says("/", b"MZ", Content_Type="application/x-msdownload")
    with pytest.raises(UrlWrongType, match="application/x-msdownload"):
        await afetch(url, guard=guard, media_types=["text/html", "application/pdf"])
    with pytest.raises(UrlWrongType):
        await afetch(site.says("/none", b"?"), guard=guard, media_types=["text/*"])


async def test_what_goes_wrong_is_told_in_words(site, guard):
    with pytest.raises(UrlAnsweredWithError, match="404") as missing:
        await afetch(site.at("/missing"), guard=guard)
    assert missing.value.facts == {"status": 404}
    site.answers["/broken"] = b"SSH-2.0-OpenSSH\r\n\r\n"
    with pytest.raises(UrlUnreachable, match="does not speak HTTP"):
        await afetch(site.at("/broken"), guard=guard)
    with pytest.raises(UrlUnreachable, match=r"no host unknown\.example"):
        await afetch("http://unknown.example/", guard=guard)
    with pytest.raises(UrlUnreachable, match="Nothing answers"):
        await afetch("http://site.example:1/", guard=guard)


def certificate(name: str, folder) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for ``name``, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    no_password = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    pem = folder / "server.pem"
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.DER))


async def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(tmp_path):
    tls, trusting = certificate("site.example", tmp_path)
    async with serving(Site(), tls) as site:
        site.says("/", b"safe")
        guard = Guard(frozenset(), read_entries(["127.0.0.1"]), Names(site=["127.0.0.1"], other=["127.0.0.1"]))
        found = await afetch(f"https://site.example:{site.port}/", guard=guard, verify=trusting)
        assert found.body == b"safe"
        for host, verify in (("other.example", trusting), ("site.example", None)):
            with pytest.raises(UrlUnreachable, match="certificate is not valid"):
                await afetch(f"https://{host}:{site.port}/", guard=guard, verify=verify)


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_clients_of_both_libraries_are_guarded(library, site, guard):
    site.says("/", b"here")
    async with guarded_async_client(library, guard=guard) as client:
        assert (await client.get(site.at("/"))).content == b"here"
        assert (await client.get(site.leads("/to", "/"))).status_code == 302
        with pytest.raises(AddressRefused):
            await client.get(site.at("/", "inner.example"))
    with guarded_client(library, guard=guard, follow_redirects=True) as client:
        url = site.leads("/on", site.at("/", "127.0.0.1"))
        assert (await asyncio.to_thread(client.get, site.at("/"))).content == b"here"
        with pytest.raises(AddressRefused):
            await asyncio.to_thread(client.get, url)


async def test_the_settings_decide_where_no_guard_is_given(site, settings):
    url = site.says("/", b"here").replace("site.example", "127.0.0.1")
    with pytest.raises(AddressRefused):
        await afetch(url)
    settings.ATRIUM_NETWORK_ALLOW = [f"127.0.0.1:{site.port}"]
    assert (await afetch(url)).body == b"here"
