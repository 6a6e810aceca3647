"""Lists over HTTP: bare arrays, bounded, with the next page's address in the ``Link`` header (RFC 8288)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from tenants.paging import Listed

AFTER = "Id of the last row of the page before; `Link` has the address"  # said of the parameter
ROWS = "Rows of a page, at the most."

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
    """Say where the list goes on, if it does. A next page begins behind a row, and not at a number of rows."""
    if listed.after is None:
        return
    query = request.GET.copy()
    query.pop("offset", None)
    query["after"] = str(listed.after)
    response["Link"] = f'<{request.build_absolute_uri(f"{request.path}?{query.urlencode()}")}>; rel="next"'
