"""How far documents are, for pages that keep themselves up to date."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, JsonResponse

from rag.admin.words import state_facts
from rag.use_cases.lists import MOST_STATES, list_states
from tenants.admin import actor_in_console


def states_view(request: HttpRequest) -> JsonResponse:
    """The states of the documents named in ``?ids=``, with commas between them. Those that are not there are left out.

    One statement, beside those that find out who asks.
    """
    given = request.GET.get("ids", "").split(",")[:MOST_STATES]
    found = list_states(actor_in_console(request), [key for each in given if (key := _key(each)) is not None])
    response = JsonResponse({"documents": [state_facts(document) for document in found]})
    response["Cache-Control"] = "private, no-store"
    return response


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
