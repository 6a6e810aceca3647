"""What the lists of this app take."""

from __future__ import annotations

from typing import Annotated

from ninja import Query

from assistants.paging import HIGHEST_LIMIT
from tenants.api.pages import AFTER, ROWS

Limit = Annotated[int, Query(ge=1, le=HIGHEST_LIMIT, description=ROWS)]
After = Annotated[str, Query(description=f"{AFTER} with it.")]
