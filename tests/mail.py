"""E-mails as people get them: the jobs that write them are run, and their links are taken out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core import mail
from procrastinate.contrib.django import app


async def delivered() -> list[mail.EmailMessage]:
    """Run the jobs that send e-mails. Returns those that were sent by them."""
    before = len(mail.outbox)
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        await worker.run_worker_async(wait=False, install_signal_handlers=False, queues=["mail"])
    return mail.outbox[before:]


def link_in(message: mail.EmailMessage) -> str:
    """The link of the e-mail."""
    return re.search(r"^https?://\S+$", message.body, re.MULTILINE)[0]


def path_in(message: mail.EmailMessage) -> str:
    """Its link without the host: tests reach all hosts at one address."""
    return urlsplit(link_in(message)).path
