"""Write the API's OpenAPI document to where it is kept for readers and for makers of clients."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

DOCUMENT = settings.BASE_DIR / "docs" / "reference" / "openapi.json"


class Command(BaseCommand):
    """``manage.py openapi``: after each change of the API."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """``--check`` writes nothing."""
        parser.add_argument("--check", action="store_true", help="Only say whether the kept document is current.")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        """Write the document. Raises ``CommandError`` where ``--check`` finds another one."""
        current = document()
        if not check:
            DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
            DOCUMENT.write_text(current, encoding="utf-8")
        elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != current:
            raise CommandError(f"{DOCUMENT.relative_to(settings.BASE_DIR)} is not current: run manage.py openapi.")


def document() -> str:
    """The API's document as it is kept: indented, with a line end after it."""
    from atrium.api import api

    return json.dumps(api.get_openapi_schema(), indent=2, ensure_ascii=False) + "\n"
