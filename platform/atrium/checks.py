"""System checks of a deployment: ``manage.py check --deploy``. The server says the same in its log when it starts."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

log = logging.getLogger(__name__)

_PROXY = (
    "FORWARDED_ALLOW_IPS is not set: limits and locks by network address may count the proxy in place of its clients."
)
_HINT = "Give the address that your proxy has for the server, such as 172.18.0.1; * where only the proxy can reach it."


@register(Tags.security, deploy=True)
def check_proxy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """W001: nobody has said which proxy to believe, so whoever comes through one may look like the proxy."""
    return [] if settings.ATRIUM_FORWARDED_ALLOW_IPS else [Warning(_PROXY, hint=_HINT, id="atrium.W001")]


def warn_of_unknown_proxy() -> None:
    """Say it in the log of a production server, where nobody may have run the checks."""
    if not settings.DEBUG and not settings.ATRIUM_FORWARDED_ALLOW_IPS:
        log.warning(_PROXY, extra={"hint": _HINT})
