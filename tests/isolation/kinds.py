"""The kinds of ids that the canary sends, and which of them a console's page is about."""

from __future__ import annotations

import re

from tests.isolation.entries import MODELS
from tests.isolation.inventory import Page
from tests.isolation.world import MAKERS

KINDS = frozenset(MAKERS)


def model_of(page: Page) -> str | None:
    """The kind of id in a console's page about one row of a registered model; None for other pages."""
    found = re.match(r"admin/(\w+)/(\w+)/\{(?:object_id|id)\}/", page.address)
    if found is None or len(page.places) != 1:
        return None
    by_path = {label.lower(): kind for label, kind in MODELS.items()}
    return by_path.get(f"{found[1]}.{found[2]}")
