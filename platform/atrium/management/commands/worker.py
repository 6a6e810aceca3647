"""Run jobs of all tenants until told to stop."""

from __future__ import annotations

import asyncio
import copy
from argparse import ArgumentParser
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.periodic import PeriodicRegistry

from tenants import sync_bridge

GRACEFUL_TIMEOUT = 20.0  # seconds that running jobs get at the end
LATEST = 24 * 3600.0  # seconds after its time at which a periodic job is still queued: a day, as they are daily


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
    _queue_periodic_jobs_by(worker_app)
    sync_bridge.adopt_loop()
    async with worker_app.open_async():
        await worker_app.run_worker_async(
            concurrency=concurrency,
            wait=True,
            listen_notify=True,
            delete_jobs="successful",
            shutdown_graceful_timeout=GRACEFUL_TIMEOUT,
        )


def _queue_periodic_jobs_by(worker_app: App) -> None:
    """Queue them on the worker's connection. On Django's they would hold one from one day to the next, and the worker
    would end with it where PostgreSQL was restarted in between."""
    registry = PeriodicRegistry()
    for periodic in app.periodic_registry.periodic_tasks.values():
        task = copy.copy(periodic.task)
        task.blueprint = worker_app
        registry.register_task(
            task, cron=periodic.cron, periodic_id=periodic.periodic_id, configure_kwargs=periodic.configure_kwargs
        )
    worker_app.periodic_registry = registry
    worker_app.periodic_defaults = {"max_delay": LATEST}
