"""``AIAssistant``: the class that developers write assistants with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import HttpRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool

from assistants.exceptions import AIAssistantMisconfiguredError, AIAssistantNotDefinedError
from assistants.llm.providers import chat_model
from tenants.actors import Actor
from tenants.context import require_tenant

ID_PATTERN = re.compile(r"[a-zA-Z0-9_-]+")


class AIAssistant:
    """Base class of assistants. Define a subclass in any installed app's ``ai_assistants.py``; that registers it.

    A subclass gives at least ``id``, ``name`` and ``instructions``. Methods marked with ``@method_tool`` are tools
    that the model may call.
    """

    id: ClassVar[str]
    """Unique among all assistants: letters, digits, ``_`` and ``-``."""
    name: ClassVar[str]
    """Shown to people who choose an assistant."""
    instructions: str
    """The system prompt."""
    model: str | None = None
    """Name of the chat model; None takes the deployment's ``ATRIUM_CHAT_MODEL``."""
    temperature: float | None = None
    """Sampling temperature, 0 to 2; None leaves it to the provider."""
    has_rag: bool = False
    """True: passages from ``get_retriever`` are given to the model with each question."""

    _registry: ClassVar[dict[str, type[AIAssistant]]] = {}
    _abstract: ClassVar[bool] = True

    def __init__(
        self,
        *,
        user: Any | None = None,
        request: HttpRequest | None = None,
        view: Any | None = None,
        actor: Actor | None = None,
        **kwargs: Any,
    ) -> None:
        self._actor = actor
        self._user = user
        self._request = request
        self._view = view
        self._init_kwargs = kwargs

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "id" not in cls.__dict__:
            return  # a base for other assistants
        if not isinstance(cls.id, str) or not ID_PATTERN.fullmatch(cls.id):
            raise AIAssistantMisconfiguredError(
                f"{_path(cls)}: id {cls.id!r} must be made of letters, digits, _ and -."
            )
        known = AIAssistant._registry.get(cls.id)
        if known is not None and _path(known) != _path(cls):
            raise AIAssistantMisconfiguredError(
                f"Two assistants have the id {cls.id!r}: {_path(known)} and {_path(cls)}. Give one another id."
            )
        AIAssistant._registry[cls.id] = cls

    # -- registry

    @classmethod
    def get_cls_registry(cls) -> dict[str, type[AIAssistant]]:
        """All assistants by id."""
        return AIAssistant._registry

    @classmethod
    def get_cls(cls, assistant_id: str) -> type[AIAssistant]:
        """The assistant class with this id. Raises ``AIAssistantNotDefinedError``."""
        try:
            return AIAssistant._registry[assistant_id]
        except KeyError:
            raise AIAssistantNotDefinedError(f"There is no assistant with the id {assistant_id!r}.") from None

    # -- what a subclass may override

    def get_instructions(self) -> str:
        """The system prompt of this conversation."""
        return self.instructions

    def get_model(self) -> str | None:
        """Name of the chat model, or None for the deployment's."""
        return self.model

    def get_temperature(self) -> float | None:
        """Sampling temperature, or None to leave it out."""
        return self.temperature

    def get_model_kwargs(self) -> dict[str, Any]:
        """Further arguments for the chat model."""
        return {}

    def get_llm(self) -> BaseChatModel:
        """The chat model that answers: any LangChain chat model with tool calling."""
        return chat_model(self.get_model(), self.get_temperature(), self.get_model_kwargs())

    def get_actor(self) -> Actor:
        """Who asks: the actor of the run, else the member ``user``, else the system."""
        if self._actor is None:
            from tenants.members import member_actor

            signed_in = getattr(self._user, "is_authenticated", False)
            self._actor = member_actor(self._user) if signed_in else Actor("system", require_tenant())
        return self._actor

    def get_tools(self) -> Sequence[BaseTool]:
        """The tools that the model may call."""
        return []

    def get_retriever(self) -> BaseRetriever:
        """Where ``has_rag`` gets its passages: the tenant's own collections, unless overridden."""
        from rag.retriever import TenantRetriever

        return TenantRetriever(actor=self.get_actor())


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
