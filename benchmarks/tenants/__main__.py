"""Many tenants: made, migrated, served. `make bench-tenants`.

    python -m benchmarks.tenants [--tenants 1000] [--samples 50] [--slow 12]

Every comparison is made in one run and in turns, because the machine is busy with other things, too: medians, and the
load is printed. What `migrate_schemas` (django-tenants' own way) would take over all tenants is extrapolated from
``--slow`` of them, and said so. Writes build/bench/tenants.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.tenants import counting, creation, growth, migration, serving
from tests import postgres
from tests.subprocesses import ROOT

OUT = ROOT / "build" / "bench" / "tenants.json"


def main() -> None:
    """Measure, print, write; ends with 1 when an aim was missed."""
    options = _options()
    with ExitStack() as stack:
        maintenance = stack.enter_context(postgres.server())
        database = stack.enter_context(postgres.database(maintenance))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _set_up(database)
        print(f"load before: {_load()}", flush=True)
        found = creation.measure(options.samples, options.slow)
        found += growth.measure(options.tenants, maintenance)
        alone = stack.enter_context(serving.deployment_of_one(maintenance))
        found += serving.measure(database, alone, folder, options.tenants)
        found += migration.measure(database, options.slow)
        found += counting.measure()
        _give_back()
        print(f"load after: {_load()}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *map(str, found), f"\nwritten: {OUT.relative_to(ROOT)}", sep="\n")
    sys.exit(0 if all(figure.holds for figure in found) else 1)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-tenants")
    options.add_argument("--tenants", type=int, default=1000)
    options.add_argument("--samples", type=int, default=50, help="tenants that the median is of")
    options.add_argument("--slow", type=int, default=12, help="tenants that migrate_schemas is tried with")
    return options.parse_args()


def _set_up(database: str) -> None:
    os.environ |= {"DATABASE_URL": database, "ATRIUM_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from tenants.provisioning.migrate import migrate_public

    migrate_public()


def _give_back() -> None:
    from django.db import connection

    connection.close()
    connection.close_pool()


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


if __name__ == "__main__":
    main()
