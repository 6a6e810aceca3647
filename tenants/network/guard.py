"""Which hosts, addresses and ports may be reached for a tenant."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tenants.network.addresses import Address, kind_if_not_public, read_address
from tenants.network.allowed import Entry, read_entries
from tenants.network.errors import AddressRefused, UrlInvalid, UrlUnreachable

Resolver = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host name, as text. Raises ``OSError`` where there are none. May block."""

USUAL_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2000
_MOST_ADDRESSES = 4  # that are tried one after the other
_NAME = re.compile(r"[a-z0-9_.-]+")  # of a host, as it is asked for: other letters have become xn--...
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


def resolve(host: str, port: int) -> list[str]:
    """The system's resolver: every address of ``host``, in the order in which to try them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Guard:
    """Decides about addresses. ``ports`` are those at public addresses; ``allowed`` goes before all else."""

    ports: frozenset[int]
    allowed: tuple[Entry, ...] = ()
    resolver: Resolver = resolve

    def check_url(self, text: str) -> httpx.URL:
        """The URL, when it is one that may be tried. Asks no name server: where the host leads is seen later.

        Raises ``UrlInvalid`` and ``AddressRefused``.
        """
        try:
            url = httpx.URL(text.strip())
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise UrlInvalid from error
        if url.scheme not in USUAL_PORTS or not url.host:
            raise UrlInvalid
        if len(str(url)) > _LONGEST_URL:
            raise UrlInvalid(f"An address may have {_LONGEST_URL} characters.")
        if url.userinfo:
            raise UrlInvalid("The address holds a user name or a password: leave out what stands before the @.")
        host, port = _plain(url.raw_host.decode("ascii")), url.port or USUAL_PORTS[url.scheme]
        address = read_address(host)
        if address is not None:
            self._check_address(address, host, port)
        else:
            if not _NAME.fullmatch(host):
                raise UrlInvalid
            self._check_name(host, port)
        return url

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of ``host`` to connect to, all of them looked at. Blocks for as long as the name server does.

        Raises ``AddressRefused`` where only one of them may not be reached, and ``UrlUnreachable`` for an unknown host.
        """
        host = _plain(host)
        literal = read_address(host)
        if literal is not None:
            self._check_address(literal, host, port)
            return [str(literal)]
        is_allowed = self._check_name(host, port)
        try:
            found = [read_address(text) for text in self.resolver(host, port)]
        except (OSError, UnicodeError) as error:
            raise UrlUnreachable(f"There is no host {host}. Check how it is written.") from error
        known = [address for address in found if address is not None]
        if len(known) != len(found) or not known:
            raise UrlUnreachable(f"There is no host {host}. Check how it is written.")
        if not is_allowed:
            for address in known:
                self._check_address(address, host, port)
        return [str(address) for address in known[:_MOST_ADDRESSES]]

    def _check_name(self, host: str, port: int) -> bool:
        """Whether the name is one that the operator allows. Raises ``AddressRefused`` for what is no name at all."""
        if any(entry.allows_host(host, port) for entry in self.allowed):
            return True
        if _NUMBER.fullmatch(host.rpartition(".")[2]):  # 2130706433, 0x7f.1, 0177.0.0.1: forms that only fool readers
            raise AddressRefused(f"{host} is no host name. An IP address has four decimal numbers with dots.")
        if not any(entry.network is not None and entry.port in (None, port) for entry in self.allowed):
            self._check_port(port)
        return False

    def _check_address(self, address: Address, host: str, port: int) -> None:
        if any(entry.allows_address(address, port) for entry in self.allowed):
            return
        kind = kind_if_not_public(address)
        if kind:
            raise AddressRefused(
                f"{host} is not on the public internet ({kind}), and may not be reached from here. If it should be,"
                " the operator of this service can allow it."
            )
        self._check_port(port)

    def _check_port(self, port: int) -> None:
        if port not in self.ports:
            known = ", ".join(str(each) for each in sorted(self.ports))
            raise AddressRefused(f"Port {port} may not be reached from here. These may: {known}.")


def default_guard() -> Guard:
    """The guard that the deployment's settings describe, as they are now."""
    return _guard(tuple(settings.ATRIUM_NETWORK_ALLOW), tuple(settings.ATRIUM_NETWORK_PORTS))


def check_settings() -> None:
    """Raises ``ImproperlyConfigured`` with the entry of the setting that cannot be read."""
    try:
        default_guard()
    except ValueError as error:
        raise ImproperlyConfigured(f"ATRIUM_NETWORK_ALLOW: {error}.") from error


@lru_cache(maxsize=8)
def _guard(allow: tuple[str, ...], ports: tuple[int, ...]) -> Guard:
    return Guard(frozenset(ports), read_entries(allow))


def _plain(host: str) -> str:
    """The host as entries and resolvers know it: lower case, no brackets, no dot at the end."""
    return host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
