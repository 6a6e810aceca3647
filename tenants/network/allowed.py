"""What an operator allows besides public addresses and the usual ports: ``ATRIUM_NETWORK_ALLOW``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from tenants.network.addresses import Address, Network, carried_address

_ENTRY = re.compile(
    r"(?P<place>\[[0-9A-Fa-f:.]+\](?:/\d+)?|[^\s:\[\]]+|[0-9A-Fa-f:.]+(?:/\d+)?)(?::(?P<port>\d{1,5}))?"
)
_HOST = re.compile(r"\.?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A host name (with a leading dot: its sub-domains) or a network; with a port only that one, else every port."""

    host: str = ""
    network: Network | None = None
    port: int | None = None

    def allows_host(self, host: str, port: int) -> bool:
        """Whether the name, in lower case and without a dot at its end, may be reached whatever its address is."""
        named = bool(self.host) and (host == self.host or (self.host[0] == "." and host.endswith(self.host)))
        return named and self.port in (None, port)

    def allows_address(self, address: Address, port: int) -> bool:
        """Whether the address is in this entry's network."""
        meant = (carried_address(address) or address) if address.version == 6 else address
        return self.network is not None and meant in self.network and self.port in (None, port)


def read_entries(texts: Iterable[str]) -> tuple[Entry, ...]:
    """Entries as an operator writes them: ``models.internal``, ``.internal:8000``, ``10.1.0.0/16``, ``[::1]:11434``.

    Raises ``ValueError`` with the entry that cannot be read.
    """
    return tuple(_entry(text.strip()) for text in texts)


def _entry(text: str) -> Entry:
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ValueError(_refusal(text))
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(_refusal(text))
    place = match["place"].replace("[", "").replace("]", "").lower()
    try:
        return Entry(network=ip_network(place, strict=False), port=port)
    except ValueError:
        pass
    if not _HOST.fullmatch(place) or re.fullmatch(r"[\d.]+", place):
        raise ValueError(_refusal(text))
    return Entry(host=place, port=port)


def _refusal(text: str) -> str:
    return (
        f"{text!r} is no host, address or network; write models.internal, .internal, 10.1.0.0/16 or [fd00::1]:8000,"
        " each with or without a port"
    )
