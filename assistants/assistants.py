"""``AIAssistant``: the class that developers write assistants with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpRequest
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from assistants.conf import max_tool_rounds
from assistants.exceptions import AIAssistantMisconfiguredError, AIAssistantNotDefinedError
from assistants.llm.providers import chat_model, structured_output_method
from assistants.llm.resilience.policy import call_policy
from assistants.tools import check_tool_methods, method_tools
from tenants.actors import Actor, acting_actor
from tenants.credentials.in_force import providers
from tenants.own_assistants import OWN_PREFIX, is_own_id

if TYPE_CHECKING:
    from assistants.configured import Configuration
    from assistants.running import AssistantGraph
    from tenants.rules.decide import Decision

ID_PATTERN = re.compile(r"[a-zA-Z0-9_-]{1,255}")


class AIAssistant:
    """Base class of assistants. Define a subclass in any installed app's ``ai_assistants.py``; that registers it.

    A subclass gives at least ``id``, ``name`` and ``instructions``. Methods marked with ``@method_tool`` are tools
    that the model may call.

    Parameters
    ----------
    user
        Who asks; ``self._user`` in tools.
    request, view
        The HTTP request and the view that led here, if any; ``self._request`` and ``self._view``.
    provider
        Where the model lives: ``"openai"`` (any compatible server), ``"anthropic"`` or ``"google"``; the class'
        ``provider`` without one.
    actor
        Who acts, where the caller knows more than a user (an API key, a visitor).
    **kwargs
        Kept in ``self._init_kwargs``.
    """

    id: ClassVar[str]
    """Unique among all assistants: at most 255 letters, digits, ``_`` and ``-``."""
    name: ClassVar[str]
    """Shown to people who choose an assistant."""
    description: str = ""
    """What it is good for, in a sentence: shown with its name."""
    starter_questions: Sequence[str] = ()
    """Questions to begin with, which the chat offers in an empty conversation."""
    version: str = ""
    """What receipts of its answers call it: "2.1", say. Empty: a hash of the class' source."""
    instructions: str
    """The system prompt."""
    model: str | None = None
    """Name of the chat model; None takes that of the tenant's own provider, else the deployment's
    ``ATRIUM_CHAT_MODEL``."""
    fallback_models: Sequence[str] | None = None
    """Names of the models that are asked when the own one fails, in order; None takes the deployment's
    ``AI_ASSISTANT_MODEL_FALLBACKS``, an empty list means none."""
    temperature: float | None = None
    """Sampling temperature, 0 to 2; None leaves it to the provider."""
    provider: str = "openai"
    """Where the model lives: ``openai``, ``anthropic`` or ``google``."""
    tool_max_concurrency: int = 1
    """How many tools run at the same time when the model asks for several."""
    max_tool_rounds: int | None = None
    """How often the model may call tools before it must answer; None takes ``AI_ASSISTANT_MAX_TOOL_ROUNDS``."""
    has_rag: bool = False
    """True: passages from ``get_retriever`` are given to the model with each question."""
    grounded: bool = False
    """True: what no passage and no tool stands behind is not said, but ``unsupported_answer``. Not for structured
    output."""
    unsupported_answer: str = "I found nothing in the documents that answers this."
    """What a grounded assistant says where nothing supports an answer."""
    structured_output: type[BaseModel] | type[dict[str, Any]] | dict[str, Any] | None = None
    """Structure of the answer: a pydantic model, a TypedDict or a JSON schema. None: the answer is text."""
    allows_client_tools: bool = False
    """True: clients of the OpenAI-compatible API may bring tools of their own, and answer calls of them."""

    tenant_base: ClassVar[str] = ""
    """Not empty: a tenant's administrators may make assistants of their own on this class, which they know by this
    name. Holds for this class, and not for its subclasses."""
    configuration: ClassVar[Configuration | None] = None
    """What a tenant's administrators have chosen, where this class was made from it (``assistants/configured.py``)."""

    _registry: ClassVar[dict[str, type[AIAssistant]]] = {}
    _bases: ClassVar[dict[str, type[AIAssistant]]] = {}

    def __init__(
        self,
        *,
        user: Any | None = None,
        request: HttpRequest | None = None,
        view: Any | None = None,
        provider: str | None = None,
        actor: Any | None = None,
        **kwargs: Any,
    ) -> None:
        self._user = user
        self._request = request
        self._view = view
        self._provider = provider or self.provider
        self._actor = actor if isinstance(actor, Actor) else None
        self._allowed_by: Decision | None = None  # what let the one who asks run it, where that was asked
        self._init_kwargs = kwargs
        if actor is not None and self._actor is None:
            kwargs["actor"] = actor  # an argument of the subclass' own that is also called so
        if not hasattr(self, "id"):
            raise AIAssistantMisconfiguredError(f"{_path(type(self))} needs an id.")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_tool_methods(cls)
        if cls.grounded and cls.structured_output is not None:
            raise AIAssistantMisconfiguredError(f"{_path(cls)}: structured output cannot be grounded.")
        if cls.__dict__.get("configuration") is not None:  # a tenant's own: the others must not find it
            return
        if cls.__dict__.get("tenant_base"):
            _register_base(cls)
        if "id" in cls.__dict__:  # else it is a base for other assistants
            _register(cls)

    # -- registry

    @classmethod
    def get_cls_registry(cls) -> dict[str, type[AIAssistant]]:
        """All assistants by id."""
        return AIAssistant._registry

    @classmethod
    def get_base_registry(cls) -> dict[str, type[AIAssistant]]:
        """The classes on which tenants may make assistants, by ``tenant_base``."""
        return AIAssistant._bases

    @classmethod
    def get_cls(cls, assistant_id: str) -> type[AIAssistant]:
        """The assistant class with this id, as its developers wrote it. Raises ``AIAssistantNotDefinedError``.

        What a tenant has made of it is found by ``assistants.tenant_assistants``.
        """
        try:
            return AIAssistant._registry[assistant_id]
        except KeyError:
            raise AIAssistantNotDefinedError(f"There is no assistant with the id {assistant_id!r}.") from None

    @classmethod
    def clear_cls_registry(cls) -> None:
        """Forget all assistants: for tests."""
        AIAssistant._registry.clear()

    # -- what a subclass may override

    def get_instructions(self) -> str:
        """The system prompt of this conversation."""
        return self.instructions

    def get_model(self) -> str | None:
        """Name of the chat model, or None for the tenant's or the deployment's."""
        return self.model

    def get_temperature(self) -> float | None:
        """Sampling temperature, or None to leave it out."""
        return self.temperature

    def get_model_kwargs(self) -> dict[str, Any]:
        """Further arguments for the chat model."""
        return {}

    def get_llm(self) -> BaseChatModel:
        """The chat model that answers: any LangChain chat model with tool calling.

        Make one of your own with ``max_retries=0``: turns try again by themselves, and know what has been shown.
        """
        return chat_model(self.get_model(), self.get_temperature(), self.get_model_kwargs(), provider=self._provider)

    def get_fallback_models(self) -> Sequence[str]:
        """Names of the models that are asked, in order, when the own one does not answer.

        The deployment's list is for its own OpenAI-compatible server: an assistant with another provider, one of a
        tenant with a provider of its own or with a ``get_llm`` of its own has only those that it names. What is asked
        there must not go somewhere else.
        """
        if self.fallback_models is not None:
            return self.fallback_models
        is_deployments = self._provider == "openai" and type(self).get_llm is AIAssistant.get_llm
        is_deployments = is_deployments and providers().chat is None
        return call_policy().fallback_models if is_deployments else ()

    def get_fallback_llm(self, model: str) -> BaseChatModel:
        """The chat model of a name in ``get_fallback_models``: at the assistant's provider, unless overridden."""
        return chat_model(model, self.get_temperature(), self.get_model_kwargs(), provider=self._provider)

    def get_structured_output_llm(self) -> Runnable[Any, Any]:
        """The chat model bound to ``structured_output``. Raises ``AIAssistantMisconfiguredError`` without one."""
        return self.structured(self.get_llm())

    def get_tools(self) -> Sequence[BaseTool]:
        """The tools that the model may call: the class' tool methods, in the order in which they were written."""
        return method_tools(self)

    def get_max_tool_rounds(self) -> int:
        """How often the model may call tools in one turn."""
        return max_tool_rounds() if self.max_tool_rounds is None else self.max_tool_rounds

    def get_document_separator(self) -> str:
        """What stands between two passages in the prompt."""
        return "\n\n"

    def get_document_prompt(self) -> PromptTemplate | None:
        """How a passage is written: a template over ``page_content`` and the document's metadata.

        None, the default, is Atrium's own form, which numbers passages for citations and cannot be forged from
        inside a document.
        """
        return None

    def get_unsupported_answer(self) -> str:
        """What is said where ``grounded`` wants support and there is none."""
        return self.unsupported_answer

    def get_retriever(self) -> BaseRetriever:
        """Where ``has_rag`` gets its passages: the tenant's own collections, unless overridden."""
        from rag.retriever import TenantRetriever

        return TenantRetriever(actor=self.get_actor(), assistant_id=self.id)

    def get_contextualize_prompt(self) -> ChatPromptTemplate:
        """The prompt that makes a follow-up question understandable without the conversation before it."""
        from assistants.graph.contextualize import contextualize_prompt

        return contextualize_prompt()

    def get_history_aware_retriever(self) -> Runnable[dict[str, Any], list[Document]]:
        """A retriever over ``{"input", "history"}`` that searches for what a follow-up question means."""
        from assistants.graph.contextualize import history_aware

        return history_aware(self.get_retriever(), self)

    # -- what is built on it

    def structured(self, llm: BaseChatModel) -> Runnable[Any, Any]:
        """``llm`` held to ``structured_output``. Raises ``AIAssistantMisconfiguredError`` without one."""
        if self.structured_output is None:
            raise AIAssistantMisconfiguredError(f"{_path(type(self))} has no structured_output.")
        return llm.with_structured_output(self.structured_output, **structured_output_method(llm))

    def format_documents(self, documents: Sequence[Document]) -> str:
        """Passages as they stand in the prompt."""
        from assistants.graph.contextualize import format_documents

        return format_documents(documents, self.get_document_prompt(), self.get_document_separator())

    def get_actor(self) -> Actor:
        """Who asks: the actor that was given, else whoever the running work is for, else the member ``user``.

        Not kept: an assistant that is made once and asked by many (as a tool, say) acts for each of them in turn.
        """
        from assistants.running import actor_of_user

        return self._actor or actor_of_user(self._user)

    def visitor_attribute(self, name: str) -> str:
        """What the site's server has said of the visitor who asks, as ``plan``: one line of at most 100 characters. ""
        where it said nothing, and for everybody else.

        It is data, some of which people may have chosen themselves (a name): put it where data stands in a prompt.
        """
        from assistants.placeholders import one_line

        actor = self._actor or acting_actor()
        return one_line(actor.attribute(name)) if actor else ""

    def as_graph(self, thread_id: Any | None = None) -> AssistantGraph:
        """The assistant as a LangChain Runnable over ``{"input": text}``.

        With a ``thread_id``, the question and the answer are stored in that thread, and what was said before is read
        from it.
        """
        from assistants.running import AssistantGraph

        return AssistantGraph(self, thread_id)

    def invoke(self, *args: Any, thread_id: Any | None = None, **kwargs: Any) -> dict[str, Any]:
        """Ask ``{"input": text}`` and return ``{"input", "output", "history", "messages", ...}``.

        For synchronous code; on an event loop use ``ainvoke``. Raises what the model raises, after the question has
        been stored.
        """
        return self.as_graph(thread_id).invoke(*args, **kwargs)

    async def ainvoke(self, *args: Any, thread_id: Any | None = None, **kwargs: Any) -> dict[str, Any]:
        """``invoke`` for asynchronous code."""
        return await self.as_graph(thread_id).ainvoke(*args, **kwargs)

    def run(self, message: Any, thread_id: Any | None = None, **kwargs: Any) -> Any:
        """Ask, and return the answer: text, or an object of ``structured_output``."""
        return self.invoke({"input": message, **kwargs}, thread_id=thread_id)["output"]

    async def arun(self, message: Any, thread_id: Any | None = None, **kwargs: Any) -> Any:
        """``run`` for asynchronous code."""
        return (await self.ainvoke({"input": message, **kwargs}, thread_id=thread_id))["output"]

    def astream(self, message: Any, thread_id: Any | None = None) -> Any:
        """Ask, and yield the answer's text in pieces as it comes (an async iterator of strings)."""
        return self.as_graph(thread_id).astream_text(message)

    def as_tool(self, description: str) -> BaseTool:
        """The assistant as a tool of another one; ``description`` tells that one's model when to use it."""
        from assistants.running import assistant_tool

        return assistant_tool(self, description)


def _register(cls: type[AIAssistant]) -> None:
    if not isinstance(cls.id, str) or not ID_PATTERN.fullmatch(cls.id):
        raise AIAssistantMisconfiguredError(f"{_path(cls)}: id {cls.id!r} must be 1 to 255 letters, digits, _ and -.")
    if is_own_id(cls.id):
        raise AIAssistantMisconfiguredError(f"{_path(cls)}: ids that begin with {OWN_PREFIX} are tenants' own.")
    if not isinstance(getattr(cls, "name", None), str) or not cls.name.strip():
        raise AIAssistantMisconfiguredError(f"{_path(cls)} needs a name.")
    if not hasattr(cls, "instructions") and cls.get_instructions is AIAssistant.get_instructions:
        raise AIAssistantMisconfiguredError(f"{_path(cls)} needs instructions, or a get_instructions of its own.")
    known = AIAssistant._registry.get(cls.id)
    if known is not None and _path(known) != _path(cls):
        raise AIAssistantMisconfiguredError(
            f"Two assistants have the id {cls.id!r}: {_path(known)} and {_path(cls)}. Give one another id."
        )
    AIAssistant._registry[cls.id] = cls


def _register_base(cls: type[AIAssistant]) -> None:
    if not isinstance(cls.tenant_base, str) or not ID_PATTERN.fullmatch(cls.tenant_base):
        raise AIAssistantMisconfiguredError(f"{_path(cls)}: tenant_base is a name of letters, digits, _ and -.")
    if not isinstance(getattr(cls, "name", None), str):
        raise AIAssistantMisconfiguredError(f"{_path(cls)} needs a name: administrators choose it by that.")
    known = AIAssistant._bases.get(cls.tenant_base)
    if known is not None and _path(known) != _path(cls):
        raise AIAssistantMisconfiguredError(
            f"Two bases are called {cls.tenant_base!r}: {_path(known)} and {_path(cls)}. Give one another name."
        )
    AIAssistant._bases[cls.tenant_base] = cls


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
