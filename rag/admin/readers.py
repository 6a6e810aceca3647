"""Which access rules decide who reads a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.models import Collection
from tenants.models import AccessRule
from tenants.rules.actions import READ_COLLECTION, actions_named
from tenants.rules.words import Names, sentence


@dataclass(frozen=True, slots=True)
class RuleAbout:
    """A rule as a sentence, and the row that it is."""

    row: AccessRule
    sentence: str

    @property
    def is_denial(self) -> bool:
        """Denials beat all others."""
        return self.row.effect == AccessRule.Effect.DENY


def rules_about(collection: Collection, only_named: bool = False) -> Sequence[RuleAbout]:
    """The rules that speak of reading the collection, denials first; ``only_named``: by its name, and not of all."""
    names = Names(collections={str(collection.pk): collection.name})
    rows = AccessRule.objects.select_related("role", "group", "member", "api_key").order_by("-effect", "pk")
    about = [row for row in rows if READ_COLLECTION in actions_named(row.action)]
    wanted = [str(collection.pk)] if only_named else ["", str(collection.pk)]
    return [RuleAbout(row, sentence(row.parts, names)) for row in about if row.resource in wanted]
