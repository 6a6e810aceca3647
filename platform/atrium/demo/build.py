"""The demo's tenants, people, keys and documents: made once, completed at every start."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group

from assistants.access import threads_of
from assistants.ai_assistants import DocsAssistant
from assistants.permissions import visible_assistants
from assistants.use_cases.threads import create_thread
from atrium.demo.embedded import build_site
from atrium.demo.past import build_past
from rag.models import Collection, Document
from rag.use_cases.add_document import add_document
from rag.use_cases.create_collection import create_collection
from tenants.actors import MEMBER, OWNER, Actor
from tenants.context import public_context, tenant_context
from tenants.keys import create_api_key, find_api_key
from tenants.members import member_actor
from tenants.models import Tenant, User
from tenants.provisioning.create import create_tenant


@dataclass(frozen=True)
class Recipe:
    """What a demo tenant is made of."""

    schema_name: str
    name: str
    collection: str
    question: str
    sources: tuple[Path, ...]
    root: Path
    embeds: bool = False

    @property
    def host(self) -> str:
        """Where the tenant answers."""
        return f"{self.schema_name}.localhost"


def recipes() -> list[Recipe]:
    """acme reads this project's own pages; globex, a maker of coffee machines, its handbooks."""
    base: Path = settings.BASE_DIR
    globex = Path(__file__).parent / "globex"
    return [
        Recipe(
            "acme",
            "Acme",
            "Atrium's documentation",
            "How do I start the demo on another port?",
            (base / "README.md", *sorted((base / "docs").rglob("*.md"))),
            base,
            embeds=True,
        ),
        Recipe(
            "globex",
            "Globex",
            "Service handbooks",
            "How many minutes does the descaling cycle take?",
            tuple(sorted(globex.glob("*.md"))),
            globex,
        ),
    ]


def build_operator(known: dict[str, Any]) -> dict[str, str]:
    """The operator of the demo; the password in ``known`` is kept."""
    with public_context():
        return _person("operator", known.get("operator", {}), is_staff=True, is_superuser=True)


def build_tenant(recipe: Recipe, known: dict[str, Any], public_url: str) -> dict[str, Any]:
    """Make or complete one tenant and queue its documents. Returns its part of ``demo.json``."""
    tenant = _tenant(recipe)
    known = known.get("tenants", {}).get(recipe.schema_name, {})
    with tenant_context(tenant.as_ref(recipe.host)):
        admin = _person("olivia", known.get("admin", {}), role=OWNER, is_staff=True)
        member = _person("max", known.get("member", {}), role=MEMBER)
        owner = member_actor(User.objects.get(username="olivia"))
        _add_documents(recipe, owner)
        user = User.objects.get(username="max")
        _add_issues(recipe, user)
        actor = member_actor(user)
        build_past(User.objects.get(username="olivia"), _assistants(actor))
        url = public_url.replace("//localhost", f"//{recipe.host}")
        shown = {"embedded_chat": build_site(owner, url, DocsAssistant.id, recipe.question)} if recipe.embeds else {}
        return {
            **shown,
            "url": url,
            "admin": admin,
            "member": member,
            "api_key": _api_key(known.get("api_key", "")),
            "assistants": _assistants(actor),
            "question": recipe.question,
            "thread": _thread(actor),
        }


def documents_left(recipe: Recipe) -> int:
    """How many of the tenant's documents are still being taken in."""
    with public_context():
        tenant = Tenant.objects.get(schema_name=recipe.schema_name)
    with tenant_context(tenant.as_ref()):
        return Document.objects.exclude(status__in=[Document.Status.READY, Document.Status.FAILED]).count()


def read_known(file: Path) -> dict[str, Any]:
    """What an earlier start wrote; a damaged file counts as none."""
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _tenant(recipe: Recipe) -> Tenant:
    with public_context():
        tenant = Tenant.objects.filter(schema_name=recipe.schema_name).first()
    return tenant or create_tenant(recipe.schema_name, recipe.name, recipe.host)


def _person(username: str, known: dict[str, str], role: str = "", **fields: bool) -> dict[str, str]:
    """The person, with the password that was printed before or a new one."""
    password = known.get("password") or secrets.token_urlsafe(9)
    user, _ = User.objects.get_or_create(
        username=username,
        defaults={"email": f"{username}@example.com", "first_name": username.capitalize(), **fields},
    )
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    if role:
        user.groups.add(Group.objects.get(name=role))
    return {"username": username, "password": password}


def _thread(actor: Actor) -> str:
    """The thread that the printed line asks in."""
    name = "Asked over the API"
    thread = threads_of(actor).filter(name=name).first() or create_thread(actor, name)
    return str(thread.pk)


def _api_key(known: str) -> str:
    if known and find_api_key(known):
        return known
    _, secret = create_api_key("demo", User.objects.get(username="max"))
    return secret


def _assistants(actor: Actor) -> list[str]:
    """Their ids; first the one that the demo's question is for."""
    found = [assistant.id for assistant in visible_assistants(actor)]
    return sorted(found, key=lambda assistant_id: assistant_id != DocsAssistant.id)


def _add_issues(recipe: Recipe, assignee: User) -> None:
    if apps.is_installed("atrium.demo.example"):
        from atrium.demo.example.seed import seed_issues

        seed_issues(recipe.schema_name, assignee)


def _add_documents(recipe: Recipe, actor: Actor) -> None:
    collection = Collection.objects.filter(name=recipe.collection).first()
    if collection is None:
        collection = create_collection(actor, recipe.collection)
    for source, text in _texts(recipe):
        add_document(actor, collection.pk, text, source=source)


def _texts(recipe: Recipe) -> Iterable[tuple[str, str]]:
    for file in recipe.sources:
        yield file.relative_to(recipe.root).as_posix(), file.read_text(encoding="utf-8")
