"""Run jobs of all tenants until told to stop."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from atrium.worker import work


class Command(BaseCommand):
    """``manage.py worker``: as many of these as there is work for, on any number of machines."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many jobs at once."""
        parser.add_argument("--concurrency", type=int, default=settings.ATRIUM_WORKER_CONCURRENCY)

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM or Ctrl-C; jobs under way are finished first."""
        asyncio.run(work(options["concurrency"]))
