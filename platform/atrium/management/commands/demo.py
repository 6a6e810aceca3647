"""Everything on one machine: PostgreSQL, two tenants with documents, the job worker and the web server."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from atrium.demo import build, report
from atrium.demo.bootstrap import add_options, say, stop
from atrium.demo.processes import ChildEnded, Children
from tenants.provisioning.migrate_all import migrate_all

INDEXING_TIMEOUT = 300.0  # seconds


class Command(BaseCommand):
    """``manage.py demo``; ``atrium/demo/bootstrap.py`` has made the database and the settings' environment."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The same options as the bootstrap reads."""
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, start, print, and wait for Ctrl-C or SIGTERM, which the bootstrap makes an orderly exit."""
        folder = Path(options["data_dir"]).resolve()
        children = Children(folder / "logs")
        try:
            self._run(folder, children, options["port"], options["workers"])
        except ChildEnded as error:
            stop(f"{error}.")
        finally:
            children.stop()

    def _run(self, folder: Path, children: Children, port: int, workers: int) -> None:
        demo = _build(folder / "demo.json", f"http://localhost:{port}")
        say("starting the job worker and the web server ...")
        children.start("worker", "manage.py", "worker")
        children.start("web", *_uvicorn(port, workers))
        _wait_for_documents(children)
        children.wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        say("")
        self.stdout.write(f"\nAtrium is up. Ctrl-C stops it.\n\n{report.table(demo)}\n")
        self.stdout.flush()
        while True:
            children.check()
            time.sleep(1)


def _build(file: Path, public_url: str) -> dict[str, Any]:
    known = build.read_known(file)
    migrated = migrate_all(lambda schema, *_: say(f"migrating {schema} ..."))
    for schema, reason in migrated.failed.items():
        stop(f"the tenant {schema} could not be migrated: {reason}")
    demo: dict[str, Any] = {"public_url": public_url, "operator": build.build_operator(known), "tenants": {}}
    for recipe in build.recipes():
        is_known = recipe.schema_name in known.get("tenants", {})
        say(f"{'looking after' if is_known else 'making'} the tenant {recipe.schema_name} ...")
        demo["tenants"][recipe.schema_name] = build.build_tenant(recipe, known, public_url)
        report.write(file, {**known, **demo, "tenants": {**known.get("tenants", {}), **demo["tenants"]}})
    return demo


def _uvicorn(port: int, workers: int) -> list[str]:
    return [
        *("-m", "uvicorn", "atrium.asgi:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(workers), "--no-access-log", "--timeout-graceful-shutdown", "30"),
    ]


def _wait_for_documents(children: Children) -> None:
    deadline = time.monotonic() + INDEXING_TIMEOUT
    while left := sum(build.documents_left(recipe) for recipe in build.recipes()):
        say(f"reading documents, {left} to go ...")
        children.check()
        if time.monotonic() > deadline:
            raise ChildEnded(f"{left} documents were not read in {INDEXING_TIMEOUT:.0f} s")
        time.sleep(0.3)
