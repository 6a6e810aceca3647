"""Make and revoke keys of the operators' API."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.context import public_context
from tenants.errors import AtriumError
from tenants.models import OperatorKey, User
from tenants.use_cases.operator_keys import issue_operator_key, revoke_operator_key


class Command(BaseCommand):
    """``manage.py operator_key create USERNAME NAME``, ``list``, ``revoke ID``."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command for each thing that can be done."""
        what = parser.add_subparsers(dest="what", required=True, metavar="what")
        create = what.add_parser("create", help="a new key; it is shown once")
        create.add_argument("username", help="the operator that it acts for")
        create.add_argument("name", help="what it is for")
        what.add_parser("list", help="keys, newest first")
        what.add_parser("revoke", help="end a key at once").add_argument("key_id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises ``CommandError`` with the reason of a refusal."""
        try:
            with public_context():
                getattr(self, f"_{options['what']}")(options)
        except AtriumError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error

    def _create(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no operator {options['username']}: manage.py createsuperuser makes one.")
        _, secret = issue_operator_key(user, options["name"])
        self.stdout.write(secret)

    def _list(self, options: dict[str, Any]) -> None:
        for key in OperatorKey.objects.select_related("operator"):
            state = "valid" if key.is_valid else "ended"
            self.stdout.write(f"{key.pk:>5} {key.prefix}... {state:<6} {key.operator.get_username()}: {key.name}")

    def _revoke(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{revoke_operator_key(options['key_id']).prefix}... is revoked")
