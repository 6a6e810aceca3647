"""The rows by which a leak is seen: one thread in each tenant, named after it."""

from __future__ import annotations

import random
import time

from assistants.models import Thread


def names() -> list[str]:
    """What the running context sees, in two reads with a pause: room for somebody else to interfere."""
    seen = list(Thread.objects.values_list("name", flat=True))
    time.sleep(random.random() / 1000)
    return seen + list(Thread.objects.values_list("name", flat=True))
