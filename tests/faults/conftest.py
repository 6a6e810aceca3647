"""One deployment for all of these tests; each leaves it whole."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.faults import deployment as deployments
from tests.faults.chatter import Chatter
from tests.faults.deployment import Deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory) -> Iterator[Deployment]:
    """PostgreSQL, a model server, two web processes and a worker, all of them real."""
    with deployments.running(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture
async def chatter(deployment) -> AsyncIterator[Chatter]:
    """Clients that ask any of the web processes."""
    made = Chatter(deployment, random.Random(4))
    yield made
    await made.close()
