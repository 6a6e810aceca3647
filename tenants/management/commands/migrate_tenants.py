"""Bring the operators' schema and every tenant's up to date, many at a time."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.errors import AtriumError
from tenants.provisioning.migrate_all import CONNECTIONS, Report, migrate_all, planned

EVERY = 50  # steps between two lines of progress


class ProgressLines:
    """Says what failed at once, and now and then how far it is; with a verbosity of 2, each schema."""

    def __init__(self, command: BaseCommand, verbosity: int) -> None:
        self._command = command
        self._verbosity = verbosity
        self._steps = 0

    def add(self, schema_name: str, what: str, why: str) -> None:
        """What ``migrate_all`` reports."""
        if what == "failed":
            self._command.stderr.write(f"{schema_name}: failed: {why}")
        elif what == "step":
            self._steps += 1
            if self._steps % EVERY == 0:
                self._command.stdout.write(f"{self._steps} steps done ...")
        elif self._verbosity > 1:
            self._command.stdout.write(f"{schema_name}: {what}")


class Command(BaseCommand):
    """``manage.py migrate_tenants``. Run it again after a failure: it goes on where each schema is."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do first, and how fast."""
        parser.add_argument("--plan", action="store_true", help="only show what would run")
        parser.add_argument(
            "--canary", metavar="SCHEMA", default="", help="this tenant first; the others if it does well"
        )
        parser.add_argument("--connections", type=int, default=CONNECTIONS, help=f"at the same time ({CONNECTIONS})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, or show the plan. Raises ``CommandError`` when a tenant could not be migrated."""
        if options["plan"]:
            self._show_plan()
            return
        lines = ProgressLines(self, options["verbosity"])
        try:
            report = migrate_all(lines.add, canary=options["canary"], connections=max(1, options["connections"]))
        except AtriumError as error:
            raise CommandError(error.detail) from error
        self._show(report)

    def _show(self, report: Report) -> None:
        counts = f"{len(report.migrated)} migrated, {len(report.up_to_date)} up to date before"
        self.stdout.write(f"tenants: {counts}, {len(report.failed)} failed, {len(report.not_tried)} not tried")
        if not report.is_good:
            raise CommandError(
                "Not every tenant is up to date. Those that failed are as they were: mend what the reasons above say "
                "and run this again."
            )

    def _show_plan(self) -> None:
        for group in planned():
            who = ", ".join(group.schemas[:5]) + (" ..." if len(group.schemas) > 5 else "")
            self.stdout.write(f"{len(group.schemas)} tenants ({who}):")
            for migration, way in group.steps:
                self.stdout.write(f"  {migration}  [{way}]")
            if not group.steps:
                self.stdout.write("  nothing to do")
