"""Run jobs of all tenants until told to stop."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from tenants import sync_bridge

GRACEFUL_TIMEOUT = 20.0  # seconds that running jobs get at the end


class Command(BaseCommand):
    """``manage.py worker``: as many of these as there is work for, on any number of machines."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many jobs at once."""
        parser.add_argument("--concurrency", type=int, default=settings.ATRIUM_WORKER_CONCURRENCY)

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM or Ctrl-C; jobs under way are finished first."""
        asyncio.run(_work(options["concurrency"]))


async def _work(concurrency: int) -> None:
    # A second app on its own connection: jobs that jobs defer stay in Django's transaction.
    connector = cast(DjangoConnector, app.connector)
    worker_app = app.with_connector(connector.get_worker_connector())
    sync_bridge.adopt_loop()
    async with worker_app.open_async():
        await worker_app.run_worker_async(
            concurrency=concurrency,
            wait=True,
            listen_notify=True,
            delete_jobs="successful",
            shutdown_graceful_timeout=GRACEFUL_TIMEOUT,
        )
