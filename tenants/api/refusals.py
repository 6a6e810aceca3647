"""An API's errors, answered as everywhere in the project: through ``settings.ATRIUM_REFUSE``."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404
from django.utils.module_loading import import_string
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tenants.errors import AtriumError


def answer_errors(api: NinjaAPI) -> None:
    """Answer every error of ``api`` with a problem. (How one looks is not this layer's to say: atrium/problems.py.)"""
    refuse = import_string(settings.ATRIUM_REFUSE)
    for kind in (AtriumError, Http404, AuthenticationError, ValidationError, HttpError, Exception):
        api.add_exception_handler(kind, refuse)
