"""What the doctor is asked, and what it says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How bad it is."""

    WRONG = "wrong"  # the chat does not come up
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: what is, and how it is mended. ``code`` is for programs."""

    code: str
    sentence: str
    mend: str
    weight: Weight = Weight.WRONG


@dataclass(frozen=True, slots=True)
class KnownSite:
    """A site of the tenant."""

    name: str
    key: str
    enabled: bool
    origins: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """For which site the page was looked at, and all sites of the tenant by their keys.

    ``host`` is the origin that snippets are to load from; ``hosts`` are the names of the tenant's hosts."""

    site: KnownSite
    sites: Mapping[str, KnownSite]
    host: str
    hosts: Collection[str]
