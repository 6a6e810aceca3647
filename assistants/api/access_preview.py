"""A draft of an access rule tried over HTTP: parse, call, return."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from assistants.api.schemas import Sent
from assistants.use_cases.preview_access import AccessPreview
from assistants.use_cases.preview_access import preview_access as preview
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.rules.preview import Change
from tenants.scopes import ADMIN_SCOPE

router = Router(tags=["access"])

MOST_NAMED = 100  # people that an answer names; the others are counted
Id = Annotated[int, Field(ge=1, lt=2**63)]
Amount = Annotated[int, Field(ge=1, lt=2**31)]
Audience = Literal["everyone", "role", "group", "member", "api_key", "visitors", "identified"]


class RuleDraft(Schema):
    """A rule that is not there yet; or, with ``rule_id``, what would change in one that is."""

    rule_id: Id | None = Field(None, description="A stored rule; what is not sent stays as it is there.")
    effect: Literal["allow", "deny"] = "allow"
    action: str = Field("assistant.*", max_length=40, description="assistant.run, thread.*, tool.use ...")
    assistant_id: str = Field("", max_length=255, description="Empty: all assistants.")
    resource: str = Field("", max_length=255, description="A tool's name or a collection's id. Empty: all.")
    audience: Audience = "everyone"
    role: str | None = Field(None, max_length=150, description="A role's name, where the audience is `role`.")
    group_id: Id | None = None
    member_id: Id | None = None
    api_key_id: Id | None = None
    site_id: str = Field("", max_length=64)
    attribute: str = Field("", max_length=50, description="Of identified visitors: a name that your server says.")
    attribute_value: str = Field("", max_length=200)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    runs_per_minute: Amount | None = None
    tokens_per_day: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    enabled: bool = True


class AskedOut(Sent):
    """What is answered otherwise."""

    action: str
    assistant: str
    resource: str


class PeopleOut(Sent):
    """How many, and some of them by name."""

    count: int
    names: list[str] = Field(description=f"At most {MOST_NAMED}. Members by user name, keys and visitors in words.")


class ChangeOut(Sent):
    """Who gains and who loses the same things."""

    what: list[AskedOut]
    gain: PeopleOut
    lose: PeopleOut


class RefusedRunsOut(Sent):
    """Runs that one member or key began, and could not begin with the rule."""

    assistant: str
    whose: str
    count: int
    latest: datetime


class PreviewOut(Sent):
    """What would be otherwise if the rule were saved."""

    sentence: str = Field(description="The rule in words.")
    at: datetime = Field(description="The moment that it was tried for: now, or when it begins.")
    begins_later: bool
    complete: bool = Field(description="False: there are more members than were looked at.")
    changes: list[ChangeOut] = Field(description="Empty: nobody gains or loses anything.")
    refused_runs: list[RefusedRunsOut] = Field(description="Of the last 7 days.")


@router.post("/access/preview/", response=PreviewOut, operation_id="preview_access_rule", summary="Try a rule")
@needs_scope(ADMIN_SCOPE)
async def preview_access_rule(request: HttpRequest, payload: RuleDraft) -> dict[str, Any]:
    """Who would gain and who would lose what if this rule were saved. Nothing is. For owners and admins."""
    return _shown(await in_database(preview, actor_of(request), payload.dict(exclude_unset=True)))


def _shown(found: AccessPreview) -> dict[str, Any]:
    said = found.by_rules
    return {
        "sentence": found.sentence,
        "at": said.at,
        "begins_later": said.begins_later,
        "complete": said.is_complete,
        "changes": [_change(change) for change in said.changes],
        "refused_runs": found.refused_runs,
    }


def _change(change: Change) -> dict[str, Any]:
    asked = [
        {"action": each.action, "assistant": each.assistant_id, "resource": each.resource} for each in change.questions
    ]
    return {"what": asked, "gain": _people(change.gain), "lose": _people(change.lose)}


def _people(names: Sequence[str]) -> dict[str, Any]:
    return {"count": len(names), "names": list(names[:MOST_NAMED])}
