"""For all integration tests: no test waits for a retry, and none finds the circuits that another has opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistants.llm.resilience.breaker import circuit_breaker


@pytest.fixture(autouse=True)
def quick_retries(settings) -> Iterator[None]:
    settings.AI_ASSISTANT_MODEL_BACKOFF_BASE_SECONDS = 0.001
    yield
    circuit_breaker.forget()
