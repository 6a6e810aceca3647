"""A draft of an access rule, tried before it is saved: who gains, who loses, and which runs it would have refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistants.configured import assistant_tools
from assistants.tenant_assistants import assistants_here
from assistants.use_cases.explain_access import known_names
from assistants.use_cases.refused_runs import RefusedRuns, refused_runs
from tenants.actors import Actor
from tenants.errors import NotAllowed
from tenants.policies import may_manage_people
from tenants.rules.drafts import draft_rule
from tenants.rules.preview import Known
from tenants.rules.words import sentence
from tenants.use_cases.preview_rule import Preview, preview_rule


@dataclass(frozen=True, slots=True)
class AccessPreview:
    """The draft as a sentence, what it would change, and the runs of the last 7 days that it would have refused."""

    sentence: str
    by_rules: Preview
    refused_runs: Sequence[RefusedRuns]


def preview_access(actor: Actor, given: Mapping[str, Any]) -> AccessPreview:
    """Try the rule that ``given`` describes (``tenants.rules.drafts``). Nothing is saved.

    Raises ``NotAllowed``, ``NotFound`` and ``InvalidInput``.
    """
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage rules.")
    draft, known = draft_rule(given), what_rules_are_about()
    preview = preview_rule(draft, known)
    refused = refused_runs(preview.before, preview.after, preview.at)
    return AccessPreview(sentence(draft.parts, known.names), preview, refused)


def what_rules_are_about() -> Known:
    """The tenant's assistants with their tools, and its collections, by name."""
    return Known(known_names(), {id: assistant_tools(cls) for id, cls in assistants_here().all().items()})
