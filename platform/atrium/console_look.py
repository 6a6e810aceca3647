"""How the two consoles look: unfold's settings, one set for each site."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {"SITE_TITLE": "Atrium", "SITE_HEADER": "Atrium"}
UNFOLD_OPERATOR: dict[str, Any] = {**UNFOLD, "SITE_HEADER": "Atrium operators"}
UNFOLD_TENANT: dict[str, Any] = {**UNFOLD}
