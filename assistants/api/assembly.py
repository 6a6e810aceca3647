"""The API that ``AI_ASSISTANT_INIT_API_FN`` makes, with what Atrium needs: an actor, problems, the routes."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from ninja import NinjaAPI

from assistants.api.access import router as access
from assistants.api.access_preview import router as access_preview
from assistants.api.answers import router as answers
from assistants.api.approvals import router as approvals
from assistants.api.configure import router as configure
from assistants.api.messages import router as messages
from assistants.api.playground import router as playground
from assistants.api.runs import router as runs
from assistants.api.threads import router as threads
from assistants.api.tool_calls import router as tool_calls
from assistants.api.usage import router as usage
from assistants.conf import init_api_function
from tenants.api.foreign_auth import sign_in_actors
from tenants.api.refusals import answer_errors


def assemble_api() -> NinjaAPI:
    """A new API with the routes of assistants, threads and messages. Further routers can be added to it."""
    make = init_api_function()
    api = make()
    if not isinstance(api, NinjaAPI):
        raise ImproperlyConfigured(f"AI_ASSISTANT_INIT_API_FN: {make!r} must return a NinjaAPI, not {api!r}.")
    sign_in_actors(api)
    answer_errors(api)
    api.add_router("", threads, tags=["assistants"])
    api.add_router("", messages, tags=["messages"])
    api.add_router("", runs, tags=["runs"])
    api.add_router("", tool_calls, tags=["runs"])
    api.add_router("", answers)
    api.add_router("", approvals, tags=["runs"])
    api.add_router("", usage, tags=["usage"])
    api.add_router("", access)
    api.add_router("", access_preview)
    api.add_router("", configure)
    api.add_router("", playground)
    return api
