"""Which chat model answers.

``openai`` is any OpenAI-compatible server: the tenant's own where it has one (``tenants/credentials``), else the
deployment's; without a key the offline model stands in for it. Other providers are
optional extras, loaded only when an assistant asks for them.

Retries and time-outs are the turn's affair (``assistants/llm/resilience``), so the providers' clients get none of
their own, unless the assistant's model arguments say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from langchain_core.language_models import BaseChatModel
from langchain_core.utils import get_pydantic_field_names
from pydantic import BaseModel, SecretStr

from assistants.exceptions import AIAssistantMisconfiguredError
from assistants.llm.chat_openai import chat_openai
from assistants.llm.completions import ChatCompletions
from assistants.llm.http_clients import http_client
from assistants.llm.offline import OfflineChatModel
from assistants.llm.resilience.policy import call_policy
from tenants.credentials.clients import clients_of, forget_the_deployment
from tenants.credentials.in_force import Identity, providers

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant

# provider: the extra's name, its module and class, and the name of the class' argument for the model
_EXTRAS = {
    "anthropic": ("langchain_anthropic", "ChatAnthropic", "model_name"),
    "google": ("langchain_google_genai", "ChatGoogleGenerativeAI", "model"),
}
_TIMEOUTS = frozenset({"timeout", "request_timeout", "default_request_timeout"})


def chat_model(
    model: str | None = None,
    temperature: float | None = None,
    model_kwargs: dict[str, Any] | None = None,
    *,
    provider: str = "openai",
) -> BaseChatModel:
    """The chat model for a name and a temperature; None leaves either to the deployment or the provider.

    Raises ``AIAssistantMisconfiguredError`` for a provider that is unknown or not installed.
    """
    arguments: dict[str, Any] = {**(model_kwargs or {})}
    if temperature is not None:
        arguments["temperature"] = temperature
    if provider == "openai":
        return _openai(model or default_model(), arguments)
    if provider in _EXTRAS:
        return _extra(provider, model, arguments)
    known = ", ".join(["openai", *_EXTRAS])
    raise AIAssistantMisconfiguredError(f"There is no provider {provider!r}. The providers are: {known}.")


def default_model() -> str:
    """The chat model of assistants that name none: that of the tenant's own provider, else the deployment's."""
    own = providers().chat
    return settings.ATRIUM_CHAT_MODEL if own is None else own.chat_model


def check_provider(assistant: AIAssistant) -> None:
    """Raises ``CredentialUnreadable`` where the assistant would use a provider of the tenant's whose key is lost."""
    own = providers().chat
    if own is not None and assistant._provider == "openai":
        _ = own.key


def _openai(model: str, arguments: dict[str, Any]) -> BaseChatModel:
    own = providers().chat
    if own is None:
        access = _Access(settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_OPENAI_BASE_URL)
    else:
        access = _Access(own.key, own.base_url, own.identity)
    if not access.key:
        return OfflineChatModel()
    # The time-outs are among the facts by which a model is kept: a changed setting counts from the next reply on.
    timeout = call_policy().client_timeout
    facts = tuple(sorted(_patient(arguments, max_retries=0, stream_chunk_timeout=None, timeout=timeout).items()))
    try:
        hash(facts)
    except TypeError:  # an argument that is a list or a dict
        return _make_openai(model, access, facts)
    # A copy: what an assistant changes about its model is not the next one's. The clients inside are shared.
    return _kept_openai(model, access, facts).model_copy()


@dataclass(frozen=True, slots=True)
class _Access:
    """Where models are asked, with which key; ``identity`` where these are a tenant's own."""

    key: str = field(repr=False)
    base_url: str
    identity: Identity | None = None

    def for_the_sdk(self) -> dict[str, Any]:
        """What the SDK is told. Of a tenant's provider it takes nothing from the deployment's environment."""
        if self.identity is None:
            return {"base_url": self.base_url or None, "http_async_client": http_client()}
        clients = clients_of(self.identity)
        return {
            "base_url": self.base_url,
            "http_client": clients.synchronous,
            "http_async_client": clients.asynchronous,
            "openai_proxy": "",
        }


def _make_openai(model: str, access: _Access, arguments: tuple[tuple[str, Any], ...]) -> BaseChatModel:
    made = chat_openai()(
        model=model,
        api_key=SecretStr(access.key),
        **access.for_the_sdk(),
        stream_usage=True,  # off by default with a base URL of one's own, and token use would be lost
        **_fitting(chat_openai(), dict(arguments)),
    )
    if access.identity is not None:
        forget_the_deployment(made.default_headers, made.root_async_client, made.root_client)
    made.async_client = ChatCompletions(made.root_async_client)
    _ = made._serialized  # LangChain's description for tracing: made once here, and not again by every copy
    return made


def _patient(arguments: dict[str, Any], **waiting: Any) -> dict[str, Any]:
    """The arguments over ``waiting``, Atrium's own: whoever gives a time-out, under any of its names, has theirs."""
    if not _TIMEOUTS.isdisjoint(arguments):
        waiting.pop("timeout", None)
    return {**waiting, **arguments}


_kept_openai = lru_cache(maxsize=256)(_make_openai)  # making one takes a millisecond


def _extra(provider: str, model: str | None, arguments: dict[str, Any]) -> BaseChatModel:
    module_name, class_name, model_argument = _EXTRAS[provider]
    if model is None:
        raise AIAssistantMisconfiguredError(f"An assistant with the provider {provider} must name its model.")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise AIAssistantMisconfiguredError(
            f"The provider {provider} is not installed. Install the extra: pip install 'atrium[{provider}]'"
        ) from error
    provider_class = getattr(module, class_name)
    known = get_pydantic_field_names(provider_class)
    waiting = {"max_retries": 0, "timeout": call_policy().total}
    arguments = _patient(arguments, **{name: value for name, value in waiting.items() if name in known})
    return provider_class(**{model_argument: model}, **_fitting(provider_class, arguments))


def _fitting(model_class: type[BaseModel], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the class takes them: what it has no field for goes into each request as it is."""
    known = get_pydantic_field_names(model_class)
    fields = {name: value for name, value in arguments.items() if name in known}
    others = {name: value for name, value in arguments.items() if name not in known}
    return {**fields, "model_kwargs": {**others, **fields.get("model_kwargs", {})}} if others else fields


def structured_output_method(llm: BaseChatModel) -> dict[str, Any]:
    """Arguments by which the model is held to a schema: OpenAI's own way where it has one."""
    return {"method": "json_schema"} if type(llm).__name__ == "ChatOpenAI" else {}
