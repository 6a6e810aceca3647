"""System checks of the ``AI_ASSISTANT_*`` settings: what ``manage.py check`` says about them."""

from __future__ import annotations

import difflib
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from assistants.conf import PREFIX, SETTINGS
from assistants.llm.resilience.policy import SETTING_NAMES as MODEL_SETTINGS
from assistants.permissions import FACTS, misfit


@register("assistants")
def check_known_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """W001: a setting that nobody reads, most often a misspelt one: what it should forbid would stay allowed."""
    known = [PREFIX + name for setting in SETTINGS for name in (setting.name, setting.other_name) if name]
    known += MODEL_SETTINGS
    unknown = [name for name in dir(settings) if name.startswith(PREFIX) and name not in known]
    return [
        Warning(f"There is no setting {name}: it has no effect.", hint=_suggestion(name, known), id="assistants.W001")
        for name in unknown
    ]


@register("assistants")
def check_two_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E001: a setting is given under both of its names, and they disagree."""
    problems: list[CheckMessage] = []
    for setting in SETTINGS:
        try:
            setting.value  # noqa: B018  # it raises
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), hint=f"Keep {PREFIX}{setting.name}.", id="assistants.E001"))
    return problems


@register("assistants")
def check_permission_functions(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E002: a permission function that could not be called, or whose answer could not be taken."""
    problems: list[CheckMessage] = []
    for name in FACTS:
        try:
            fault = misfit(name)
        except ImproperlyConfigured:  # said by E001, or at the start
            continue
        if fault:
            problems.append(Error(f"The function of {PREFIX}{name} {fault}.", id="assistants.E002"))
    return problems


@register("assistants")
def check_selectable_tools(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """E003: two different tools that tenants may select have one name, by which administrators choose them."""
    from assistants.tenant_tools import ambiguous_tools

    return [
        Error(
            f"Two different tools marked tenant_selectable are called {name}.", hint="Rename one.", id="assistants.E003"
        )
        for name in ambiguous_tools()
    ]


def _suggestion(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
    return f"Did you mean {nearest}?"
