"""Lists over HTTP: bare arrays, bounded, with the next page's address in the ``Link`` header (RFC 8288)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query

from rag.paging import Listed

Limit = Annotated[int, Query(ge=1, le=200, description="Rows of a page, at the most.")]
After = Annotated[UUID | None, Query(description="Id of the last row of the page before; `Link` has the address.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Rows to leave out. `after` is quicker.")]

LINK_HEADER: dict[str, Any] = {
    "responses": {
        200: {
            "headers": {
                "Link": {
                    "description": 'Address of the next page, as `<...>; rel="next"`. Not sent with the last one.',
                    "schema": {"type": "string"},
                }
            }
        }
    }
}
"""For ``openapi_extra`` of an operation that answers with a list."""


def link_next_page(request: HttpRequest, response: HttpResponse, listed: Listed[Any]) -> None:
    """Say where the list goes on, if it does."""
    if listed.after is None:
        return
    query = request.GET.copy()
    query.pop("offset", None)
    query["after"] = str(listed.after)
    response["Link"] = f'<{request.build_absolute_uri(f"{request.path}?{query.urlencode()}")}>; rel="next"'
