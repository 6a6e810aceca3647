"""Write the OpenAPI documents of both APIs to where they are kept for readers and for makers of clients."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

FOLDER = settings.BASE_DIR / "docs" / "reference"
DOCUMENT = FOLDER / "openapi.json"
OPERATOR_DOCUMENT = FOLDER / "openapi-operator.json"


class Command(BaseCommand):
    """``manage.py openapi``: after each change of the API."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """``--check`` writes nothing."""
        parser.add_argument("--check", action="store_true", help="Only say whether the kept document is current.")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        """Write the documents. Raises ``CommandError`` where ``--check`` finds another one."""
        for file, current in ((DOCUMENT, document()), (OPERATOR_DOCUMENT, operator_document())):
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(current, encoding="utf-8")
            elif not file.exists() or file.read_text(encoding="utf-8") != current:
                raise CommandError(f"{file.relative_to(settings.BASE_DIR)} is not current: run manage.py openapi.")


def document() -> str:
    """The tenants' API's document as it is kept: indented, with a line end after it."""
    from atrium.api import api

    return _as_kept(api.get_openapi_schema())


def operator_document() -> str:
    """The operators' API's document. It is on the public host, whose addresses a command does not reverse."""
    from atrium.operator_api import operator_api

    return _as_kept(operator_api.get_openapi_schema(path_prefix="/api/operator/"))


def _as_kept(described: Any) -> str:
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"
