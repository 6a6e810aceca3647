"""The tenant's assistants over HTTP, for owners and admins: parse, call, return."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from assistants.api.schemas import Sent
from assistants.use_cases import configure_assistants
from assistants.use_cases.assistant_choices import AssistantChoices, assistant_choices
from assistants.use_cases.configure_assistants import ListedAssistant
from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import ADMIN_SCOPE

router = Router(tags=["assistants"])

Knowledge = Literal["", "all", "chosen", "none"]


class AssistantSettings(Schema):
    """What can be chosen. null, or an empty text, leaves it as the developer has it."""

    name: str | None = None
    description: str | None = Field(None, description="What it is good for, in a sentence.")
    instructions: str | None = Field(
        None,
        description="Plain text. {today}, {organisation}, {member} and {visitor.<attribute>} are filled in; other "
        "braces stay.",
    )
    model: str | None = None
    temperature: float | None = Field(None, description="0 to 2.")
    tools: list[str] | None = Field(None, description="Names of selectable tools; an empty list is none of them.")
    knowledge: Knowledge | None = Field(None, description="Where it looks for passages.")
    collections: list[str] | None = Field(None, description="Ids, where `knowledge` is `chosen`.")
    starter_questions: list[str] | None = None
    grounded: bool | None = Field(
        None, description="true: where neither documents nor a tool support an answer, it says so and nothing else."
    )
    unsupported_answer: str | None = Field(None, description="What it says then. One line.")


class AssistantChanges(AssistantSettings):
    """What is to change. What is left out stays as it is."""

    enabled: bool = Field(True, description="False: nobody in the tenant sees it or can use it.")


class NewAssistant(AssistantChanges):
    """An assistant to be made."""

    base: str = Field(description="The kind of assistant, from `bases` of the choices.")


class ChosenSettings(Sent):
    """What was chosen. Empty, or null: as the developer has it."""

    name: str
    description: str
    instructions: str
    model: str
    temperature: float | None
    tools: list[str] | None
    knowledge: str
    collections: list[str]
    starter_questions: list[str]
    grounded: bool | None
    unsupported_answer: str


class ConfigurableAssistant(Sent):
    """An assistant of the tenant, as it is now and with what was chosen."""

    id: str
    name: str
    description: str
    own: bool = Field(description="True for one that the tenant has made.")
    base: str = Field(description="What an own one stands on.")
    enabled: bool
    installed: bool = Field(description="False: its developers' class is not there any more.")
    in_plan: bool = Field(description="False: the operator's plan does not have it.")
    version: str
    tools: list[str]
    starter_questions: list[str]
    settings: ChosenSettings | None = Field(description="null: nothing was chosen.")
    changed_by: str
    changed_at: datetime | None


class ChoiceOut(Sent):
    """Something to choose: what to send, and how people know it."""

    key: str
    name: str
    description: str


class ChoicesOut(Sent):
    """What there is to choose from."""

    bases: list[ChoiceOut]
    tools: list[ChoiceOut]
    collections: list[ChoiceOut]
    models: list[str] = Field(description="Those of the plan. None: any that the provider has.")
    placeholders: dict[str, str] = Field(description="What may stand in instructions in braces.")


@router.get("/admin/assistants/", response=list[ConfigurableAssistant], operation_id="list_configurable_assistants")
@needs_scope(ADMIN_SCOPE)
async def list_configurable_assistants(request: HttpRequest) -> list[dict[str, Any]]:
    """All assistants of the tenant, by name: the disabled ones, too."""
    listed = await in_database(configure_assistants.list_configurable, actor_of(request))
    return [_shown(each) for each in listed]


@router.get("/admin/assistant-choices/", response=ChoicesOut, operation_id="get_assistant_choices")
@needs_scope(ADMIN_SCOPE)
async def get_assistant_choices(request: HttpRequest) -> AssistantChoices:
    """What assistants can be made of."""
    return await in_database(assistant_choices, actor_of(request))


@router.post("/admin/assistants/", response={201: ConfigurableAssistant}, operation_id="create_assistant")
@needs_scope(ADMIN_SCOPE)
async def create_assistant(request: HttpRequest, payload: NewAssistant) -> Status:
    """Make an assistant. Its id is made from its name, and stays."""
    given = payload.dict(exclude_unset=True)
    return Status(201, await in_database(_create, actor_of(request), given))


@router.get(
    "/admin/assistants/{assistant_id}/", response=ConfigurableAssistant, operation_id="get_configurable_assistant"
)
@needs_scope(ADMIN_SCOPE)
async def get_configurable_assistant(request: HttpRequest, assistant_id: str) -> dict[str, Any]:
    """One assistant."""
    return _shown(await in_database(configure_assistants.get_configurable, actor_of(request), assistant_id))


@router.patch("/admin/assistants/{assistant_id}/", response=ConfigurableAssistant, operation_id="adjust_assistant")
@needs_scope(ADMIN_SCOPE)
async def adjust_assistant(request: HttpRequest, assistant_id: str, payload: AssistantChanges) -> dict[str, Any]:
    """Change what is sent, and nothing else: of developers' assistants and of own ones."""
    return await in_database(_adjust, actor_of(request), assistant_id, payload.dict(exclude_unset=True))


@router.delete("/admin/assistants/{assistant_id}/", response={204: None}, operation_id="delete_assistant")
@needs_scope(ADMIN_SCOPE)
async def delete_assistant(request: HttpRequest, assistant_id: str) -> Status:
    """Delete an own assistant. One of developers' is as they have it again."""
    await in_database(configure_assistants.delete_assistant, actor_of(request), assistant_id)
    return Status(204, None)


def _create(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    row = configure_assistants.create_assistant(actor, given.pop("base"), given, given.pop("enabled", True))
    return _shown(configure_assistants.get_configurable(actor, row.pk))


def _adjust(actor: Actor, assistant_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    configure_assistants.adjust_assistant(actor, assistant_id, changes)
    return _shown(configure_assistants.get_configurable(actor, assistant_id))


def _shown(listed: ListedAssistant) -> dict[str, Any]:
    cls, chosen = listed.cls, listed.chosen
    return {
        "id": listed.id,
        "name": listed.name,
        "description": cls.description if cls else "",
        "own": listed.is_own,
        "base": chosen.base if chosen else "",
        "enabled": listed.enabled,
        "installed": cls is not None,
        "in_plan": listed.in_plan,
        "version": listed.version,
        "tools": listed.tools,
        "starter_questions": list(cls.starter_questions) if cls else [],
        "settings": chosen,
        "changed_by": listed.changed_by,
        "changed_at": listed.changed_at,
    }
