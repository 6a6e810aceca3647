"""What the audit log shows of a row: the fields that its model names in ``audited_fields``, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from tenants.names import names_here, with_name

LONGEST = 2000  # characters of a text
_FOREIGN: Mapping[str, tuple[str, ...]] = {"auth.Group": ("name",)}
"""Models that are not ours."""
SECRET_NAMES = re.compile(
    r"password|secret|(^|_)token$|nonce|digest|hash|cipher|encrypt|credential|private|api_?key$", re.IGNORECASE
)
"""Names of fields that may not be in ``audited_fields``; a key to ``ApiKey`` may, which stands for a name."""


def audited_fields(model: type[Model]) -> tuple[str, ...] | None:
    """The fields of the model that may be seen; None for a model that does not say."""
    declared: tuple[str, ...] | None = getattr(model, "audited_fields", None)
    return _FOREIGN.get(model._meta.label) if declared is None else declared


def snapshot(row: Model, **more: Any) -> dict[str, Any]:
    """The row as the log shows it, in JSON's types; ``more`` are facts that are not in its fields.

    A model without ``audited_fields`` shows nothing. A key to another row stands as that row's text. The ids in the
    fields that the model names in ``audited_names`` stand with the names that people know.
    """
    shown = {name: plain(getattr(row, name)) for name in audited_fields(type(row)) or ()}
    ids = {name: of for name, of in getattr(row, "audited_names", {}).items() if shown.get(name)}
    if ids:
        names = names_here()
        shown |= {name: with_name(shown[name], getattr(names, of)) for name, of in ids.items()}
    return shown | {name: plain(value) for name, value in more.items()}


def plain(value: Any) -> Any:
    """The value in JSON's types; a long text is cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize()) if value == value.to_integral_value() else str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    text = str(value).replace("\x00", "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both without what is alike in them."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
