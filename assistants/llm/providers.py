"""Which chat model answers: an OpenAI-compatible server where there is a key, the offline model where there is none."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from langchain_core.language_models import BaseChatModel

from assistants.llm.offline import OfflineChatModel


def chat_model(
    model: str | None = None, temperature: float | None = None, model_kwargs: dict[str, Any] | None = None
) -> BaseChatModel:
    """The chat model for a name and a temperature; None leaves either to the deployment or the provider."""
    if not settings.ATRIUM_OPENAI_API_KEY:
        return OfflineChatModel()
    # Imported here: the SDK takes half a second to load, and an offline deployment never needs it.
    from langchain_openai import ChatOpenAI

    arguments: dict[str, Any] = {**(model_kwargs or {})}
    if temperature is not None:
        arguments["temperature"] = temperature
    return ChatOpenAI(
        model=model or settings.ATRIUM_CHAT_MODEL,
        api_key=settings.ATRIUM_OPENAI_API_KEY,
        base_url=settings.ATRIUM_OPENAI_BASE_URL or None,
        stream_usage=True,  # off by default with a base URL of one's own, and token use would be lost
        max_retries=2,
        **arguments,
    )
