"""Which chat model answers.

``openai`` is any OpenAI-compatible server; without a key the offline model stands in for it. Other providers are
optional extras, loaded only when an assistant asks for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from langchain_core.language_models import BaseChatModel

from assistants.exceptions import AIAssistantMisconfiguredError
from assistants.llm.offline import OfflineChatModel

# provider: the extra's name, its module and class, and the name of the class' argument for the model
_EXTRAS = {
    "anthropic": ("langchain_anthropic", "ChatAnthropic", "model_name"),
    "google": ("langchain_google_genai", "ChatGoogleGenerativeAI", "model"),
}


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
        return _openai(model or settings.ATRIUM_CHAT_MODEL, arguments)
    if provider in _EXTRAS:
        return _extra(provider, model, arguments)
    known = ", ".join(["openai", *_EXTRAS])
    raise AIAssistantMisconfiguredError(f"There is no provider {provider!r}. The providers are: {known}.")


def _openai(model: str, arguments: dict[str, Any]) -> BaseChatModel:
    if not settings.ATRIUM_OPENAI_API_KEY:
        return OfflineChatModel()
    # Imported here: the SDK takes half a second to load, and an offline deployment never needs it.
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        model=model,
        api_key=settings.ATRIUM_OPENAI_API_KEY,
        base_url=settings.ATRIUM_OPENAI_BASE_URL or None,
        stream_usage=True,  # off by default with a base URL of one's own, and token use would be lost
        max_retries=2,
        **arguments,
    )


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
    return getattr(module, class_name)(**{model_argument: model}, **arguments)


def structured_output_method(llm: BaseChatModel) -> dict[str, Any]:
    """Arguments by which the model is held to a schema: OpenAI's own way where it has one."""
    return {"method": "json_schema"} if type(llm).__name__ == "ChatOpenAI" else {}
