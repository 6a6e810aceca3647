"""What the lists of this app take."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from ninja import Query

from tenants.api.pages import AFTER, ROWS

Limit = Annotated[int, Query(ge=1, le=200, description=ROWS)]
After = Annotated[UUID | None, Query(description=f"{AFTER}.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Rows to leave out. `after` is quicker.")]
