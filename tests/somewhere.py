"""Two tenants and somebody who acts there without a database: enough to run an assistant that asks none."""

from __future__ import annotations

from assistants import AIAssistant
from tenants.actors import Actor
from tenants.context import TenantRef

SOMEWHERE, ELSEWHERE = TenantRef(1, "somewhere"), TenantRef(2, "elsewhere")
# The system, for Alice: it is asked for no access rule, which would have to be read.
ALICE = Actor("system", SOMEWHERE, user_id=1, label="alice")


class Helper(AIAssistant):
    """A base for the assistants of tests: no id, so it is not registered."""

    instructions = "You help."


def aside(assistant: type[AIAssistant]) -> type[AIAssistant]:
    """Take an assistant that a test module defines out of the registry: other tests list what is in there."""
    del AIAssistant.get_cls_registry()[assistant.id]
    return assistant
