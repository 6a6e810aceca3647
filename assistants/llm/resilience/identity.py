"""Which model a LangChain object calls, and where: read from its attributes, whoever's class it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_WRAPPED = ("bound", "first")  # bind_tools' binding; with_structured_output's sequence
_MOST_WRAPPINGS = 10
_NAMES = ("model_name", "model", "model_id", "deployment_name")
_ADDRESSES = ("openai_api_base", "azure_endpoint", "anthropic_api_url", "base_url")


class BreakerKey(NamedTuple):
    """What has a circuit of its own. A tenant's failures, which may be its own key's, never cut off another's."""

    provider: str
    model: str
    tenant: str
    credential: str = ""
    """Which version of which key of the tenant's own: a new key begins anew."""


def breaker_key_for(tenant: str, credential: str = "") -> Callable[[Any], BreakerKey]:
    """The keys of one tenant's circuits: a function of the model that is about to be called."""
    return lambda model: BreakerKey(provider_of(model), name_of(model), tenant, credential)


def name_of(model: Any) -> str:
    """The model's name, or its class' where it has none."""
    inner = _innermost(model)
    return _first_text(inner, _NAMES) or type(inner).__name__


def provider_of(model: Any) -> str:
    """The provider's base URL, or the model's class where it names none. It may hold a password: never show it."""
    inner = _innermost(model)
    return _first_text(inner, _ADDRESSES) or type(inner).__qualname__


def _innermost(model: Any) -> Any:
    for _ in range(_MOST_WRAPPINGS):
        inner = next((found for name in _WRAPPED if hasattr(found := getattr(model, name, None), "ainvoke")), None)
        if inner is None:
            break
        model = inner
    return model


def _first_text(model: Any, names: tuple[str, ...]) -> str:
    found = (getattr(model, name, None) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")
