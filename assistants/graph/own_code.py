"""Calling the methods that an assistant's developer may have overridden.

Atrium's own are quick and are called where they are. A developer's may ask the database or another server, like any
Django code: they run on a thread, in the tenant's context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenants.database import in_thread

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant

MODEL_METHODS = ("get_model", "get_temperature", "get_model_kwargs")
"""What Atrium's own ``get_llm`` asks."""


async def call(assistant: AIAssistant, method: str, *asks: str, given: tuple[Any, ...] = ()) -> Any:
    """Call the assistant's ``method``; ``asks`` are the overridable methods that Atrium's own version calls.

    ``given`` are the method's arguments.
    """
    if _is_overridden(type(assistant), (method, *asks)):
        return await in_thread(getattr(assistant, method), *given)
    return getattr(assistant, method)(*given)


def _is_overridden(cls: type[AIAssistant], methods: tuple[str, ...]) -> bool:
    from assistants.assistants import AIAssistant

    return any(getattr(cls, name) is not getattr(AIAssistant, name) for name in methods)
