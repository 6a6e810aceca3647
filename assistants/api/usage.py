"""What the tenant has used, as JSON or as a table for a spreadsheet."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from assistants.api.schemas import Sent
from assistants.use_cases.usage import COLUMNS, By, usage, usage_as_json
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.csv_files import csv_response
from tenants.database import in_database
from tenants.scopes import ADMIN_SCOPE

router = Router()


class UsageOut(Sent):
    """What one day, assistant, member, key or model has used."""

    key: str = Field(description="The day, or the id; empty where there is none.")
    name: str
    runs: int
    failed: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int = Field(description="Of those that went in, read from the provider's cache.")
    cost: str = Field(description="In US dollars, as text; without runs whose price is not known.")
    unpriced: int = Field(description="Runs whose price is not known.")


@router.get(
    "/usage/",
    response=list[UsageOut],
    operation_id="get_usage",
    openapi_extra={"responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}},
)
@needs_scope(ADMIN_SCOPE)
async def get_usage(
    request: HttpRequest,
    since: Annotated[date | None, Query(alias="from", description="The first day, in UTC; else 30 days.")] = None,
    until: Annotated[date | None, Query(alias="to", description="The last day, in UTC. By default, today.")] = None,
    by: By = "day",
    format: Literal["json", "csv"] | None = None,
) -> Any:
    """What the tenant has used. For owners and administrators. `Accept: text/csv` or `format=csv` gives a table."""
    rows = await in_database(usage, actor_of(request), since, until, by)
    if format == "csv" or (format is None and request.headers.get("Accept", "").startswith("text/csv")):
        return csv_response(COLUMNS, usage_as_json(rows), f"usage-by-{by}.csv")
    return usage_as_json(rows)
