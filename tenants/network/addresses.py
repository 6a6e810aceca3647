"""Is an IP address a public one? Pure, and stricter than the standard library.

Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its updates). An IPv6 address
that carries an IPv4 address is judged by that one where such addresses are in use (mapped, NAT64), and refused where
they are history (compatible, 6to4, Teredo, ISATAP) or local (NAT64 with a prefix of one's own).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_4 = {
    "unspecified": ["0.0.0.0/8"],
    "loopback": ["127.0.0.0/8"],
    "private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
    "carrier-grade NAT": ["100.64.0.0/10"],
    "link-local": ["169.254.0.0/16"],
    "cloud metadata": ["168.63.129.16/32"],  # Azure's, at a public address; the others' are link-local or private
    "multicast": ["224.0.0.0/4"],
    "reserved": [
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
    ],
}
_NOT_PUBLIC_6 = {
    "unspecified": ["::/128"],
    "loopback": ["::1/128"],
    "private": ["fc00::/7", "fec0::/10"],
    "link-local": ["fe80::/10"],
    "multicast": ["ff00::/8"],
    "an old form of an IPv4 address": ["::/96", "2001::/32", "2002::/16"],
    "reserved": ["64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16"],
}
_KINDS_4 = [(kind, IPv4Network(text)) for kind, texts in _NOT_PUBLIC_4.items() for text in texts]
_KINDS_6 = [(kind, IPv6Network(text)) for kind, texts in _NOT_PUBLIC_6.items() for text in texts]
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # IANA has given nothing else to the internet
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: the upper half of such an interface's identifier


def kind_if_not_public(address: Address) -> str:
    """What kind of address it is, in a word or a few, where it is not public; "" for a public one."""
    if isinstance(address, IPv4Address):
        kind = next((kind for kind, network in _KINDS_4 if address in network), "")
    elif address.scope_id is not None:
        return "link-local"
    elif (inner := carried_address(address)) is not None:
        return kind_if_not_public(inner)
    else:
        kind = next((kind for kind, network in _KINDS_6 if address in network), "")
        if not kind and (address not in _GLOBAL_UNICAST or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP):
            kind = "reserved"
    return kind or ("" if address.is_global else "reserved")


def carried_address(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is really meant, for a mapped one (RFC 4291) and the well-known NAT64 prefix (RFC 6052)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def read_address(text: str) -> Address | None:
    """The address that a URL's host or a resolver's answer is, brackets or not; None where it is a name."""
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
