"""The job worker's life: it outlives a restart of PostgreSQL, and runs again what a dead worker has left."""

from __future__ import annotations

import asyncio
import copy
import logging
import signal
from typing import cast

from django.conf import settings
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from procrastinate.periodic import PeriodicRegistry

import rag.tasks
from tenants import sync_bridge

log = logging.getLogger(__name__)

GRACEFUL_TIMEOUT = 20.0  # seconds that running jobs get at the end
LATEST = 24 * 3600.0  # seconds after its time at which a periodic job is still queued: a day, as they are daily
AGAIN_AFTER = 1.0  # seconds, when the database was away
MOST_STARTS = 3  # of one job; one that ends each worker that runs it must not go round for ever
COUNT_THEMSELVES = {rag.tasks.INGEST}  # tasks that give up what they work at, and then go on to the next


async def work(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT; jobs under way are finished first.

    procrastinate ends its worker when a connection to the database breaks, though a restart of PostgreSQL takes a
    second: then another one begins.
    """
    told = asyncio.Event()
    for way_to_stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(way_to_stop, told.set)
    sync_bridge.adopt_loop()
    ending = asyncio.create_task(told.wait())
    while not told.is_set():
        working = asyncio.create_task(_work(concurrency))
        await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
        if told.is_set():
            working.cancel()  # procrastinate takes it as a request to finish what it is doing
            await asyncio.gather(working, return_exceptions=True)
            return
        _look_at_end(working)
        await asyncio.wait((ending,), timeout=AGAIN_AFTER)


def _look_at_end(working: asyncio.Task[None]) -> None:
    """Raise what is not the database's doing: starting again would not mend it."""
    error = working.exception()
    if error is not None and not isinstance(error, ConnectorException):
        raise error
    log.warning("the worker has lost the database, and begins again")


async def _work(concurrency: int) -> None:
    # A second app on its own connection: jobs that jobs defer stay in Django's transaction.
    connector = cast(DjangoConnector, app.connector)
    worker_app = app.with_connector(connector.get_worker_connector())
    queue_periodic_jobs_by(worker_app)
    async with worker_app.open_async():
        over = asyncio.Event()
        looking = asyncio.create_task(_look_after_stalled_jobs(worker_app, over))
        try:
            await worker_app.run_worker_async(
                concurrency=concurrency,
                wait=True,
                listen_notify=True,
                delete_jobs="successful",
                shutdown_graceful_timeout=GRACEFUL_TIMEOUT,
                install_signal_handlers=False,
                update_heartbeat_interval=settings.ATRIUM_HEARTBEAT_EVERY,
                stalled_worker_timeout=settings.ATRIUM_DEAD_AFTER,
            )
        finally:
            over.set()  # cancelling alone may be swallowed: a query that is broken off raises an error of its own
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def _look_after_stalled_jobs(worker_app: App, over: asyncio.Event) -> None:
    """Every few seconds. Where the database is away, the worker itself ends, and this with it."""
    while not over.is_set():
        try:
            await run_stalled_jobs_again(worker_app)
        except ConnectorException as error:
            log.warning("stalled jobs were not looked for", extra={"error": type(error).__name__})
        await asyncio.sleep(settings.ATRIUM_DEAD_AFTER)


async def run_stalled_jobs_again(worker_app: App) -> None:
    """Queue the jobs of workers that died once more: nobody else would, and a document would be read for ever.

    Looked at twice: a worker whose event loop was held up for a while, this one perhaps, gives a sign in between.
    """
    jobs = worker_app.job_manager
    dead_after = settings.ATRIUM_DEAD_AFTER
    suspects = {job.id for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=dead_after)}
    if not suspects:
        return
    await asyncio.sleep(2 * settings.ATRIUM_HEARTBEAT_EVERY)
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=dead_after):
        if job.id not in suspects:
            continue
        facts = {"job": job.task_name, "job_id": job.id}
        try:
            if job.attempts + 1 < MOST_STARTS or job.task_name in COUNT_THEMSELVES:
                await jobs.retry_job(job)
                log.warning("a dead worker's job is queued again", extra=facts)
            else:
                await jobs.finish_job(job, Status.FAILED, delete_job=False)
                log.error("a job has ended each worker that ran it, and is given up", extra=facts)
        except ConnectorException:  # another worker was first
            log.info("a stalled job is looked after already", extra=facts)


def queue_periodic_jobs_by(worker_app: App) -> None:
    """Queue the periodic jobs on the worker's connection. On Django's they would hold one from one day to the next, and
    the worker would end with it where PostgreSQL was restarted in between."""
    registry = PeriodicRegistry()
    for periodic in app.periodic_registry.periodic_tasks.values():
        task = copy.copy(periodic.task)
        task.blueprint = worker_app
        registry.register_task(
            task, cron=periodic.cron, periodic_id=periodic.periodic_id, configure_kwargs=periodic.configure_kwargs
        )
    worker_app.periodic_registry = registry
    worker_app.periodic_defaults = {"max_delay": LATEST}
