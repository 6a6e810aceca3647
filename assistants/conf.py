"""The ``AI_ASSISTANT_*`` settings: each with its default and its meaning, read when it is needed.

Those that begin with ``AI_ASSISTANT_MODEL_`` are in ``assistants/llm/resilience/policy.py``.

Functions are given as dotted paths (or as functions). ``check_settings`` reads all of them when Django starts, so a
path that leads nowhere stops the start and not somebody's request. Nothing is cached here: a changed setting counts
from the next question on, also under ``override_settings``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from assistants.llm.resilience.policy import call_policy

if TYPE_CHECKING:
    from ninja import NinjaAPI

PREFIX = "AI_ASSISTANT_"

PermissionName = Literal[
    "CAN_CREATE_THREAD_FN",
    "CAN_VIEW_THREAD_FN",
    "CAN_UPDATE_THREAD_FN",
    "CAN_DELETE_THREAD_FN",
    "CAN_CREATE_MESSAGE_FN",
    "CAN_UPDATE_MESSAGE_FN",
    "CAN_DELETE_MESSAGE_FN",
    "CAN_RUN_ASSISTANT",
]
Permission = Callable[..., bool]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its name without the prefix, what holds without it, what it is for.

    ``other_name`` is a second name for the same thing.
    """

    name: str
    default: str | int
    meaning: str
    other_name: str = ""

    @property
    def given(self) -> dict[str, Any]:
        """The names (with the prefix) under which this project gives it, and the values."""
        names = [PREFIX + name for name in (self.name, self.other_name) if name]
        return {name: getattr(settings, name) for name in names if hasattr(settings, name)}

    @property
    def full_name(self) -> str:
        """The name under which it is given; the first one where it is not."""
        return next(iter(self.given), PREFIX + self.name)

    @property
    def value(self) -> Any:
        """What holds. Raises ``ImproperlyConfigured`` where two names are given that disagree."""
        values = list(self.given.values())
        if any(value != values[0] for value in values):
            raise ImproperlyConfigured(f"{' and '.join(self.given)} are one setting under two names, and differ.")
        return values[0] if values else self.default


FUNCTIONS: tuple[Setting, ...] = (
    Setting("INIT_API_FN", "assistants.api.init_api", "Makes the NinjaAPI that the routes are mounted on."),
    Setting("CAN_CREATE_THREAD_FN", "assistants.policies.may_create_thread", "May begin a thread?"),
    Setting("CAN_VIEW_THREAD_FN", "assistants.policies.may_view_thread", "May see a thread and what is in it?"),
    Setting("CAN_UPDATE_THREAD_FN", "assistants.policies.may_update_thread", "May rename a thread?"),
    Setting("CAN_DELETE_THREAD_FN", "assistants.policies.may_delete_thread", "May delete a thread?"),
    Setting("CAN_CREATE_MESSAGE_FN", "assistants.policies.may_create_message", "May say something in a thread?"),
    Setting("CAN_UPDATE_MESSAGE_FN", "assistants.policies.may_update_message", "May change a message?"),
    Setting("CAN_DELETE_MESSAGE_FN", "assistants.policies.may_delete_message", "May delete a message?"),
    Setting(
        "CAN_RUN_ASSISTANT",
        "assistants.policies.may_run_assistant",
        "May see and run an assistant?",
        other_name="CAN_RUN_ASSISTANT_FN",
    ),
)
NUMBERS: tuple[Setting, ...] = (
    Setting("MAX_TOOL_ROUNDS", 10, "How often a model may call tools in one turn."),
    Setting("MAX_HISTORY_TOKENS", 8000, "Tokens of a thread's past that go back to the model with a question."),
)
SETTINGS = (*FUNCTIONS, *NUMBERS)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def init_api_function() -> Callable[[], NinjaAPI]:
    """The function that makes the API."""
    return _function(_BY_NAME["INIT_API_FN"])


def permission(name: PermissionName) -> Permission:
    """The function that answers this permission's question."""
    return _function(_BY_NAME[name])


def max_tool_rounds() -> int:
    """How often a model may call tools in one turn."""
    return _whole_number(_BY_NAME["MAX_TOOL_ROUNDS"])


def max_history_tokens() -> int:
    """How many tokens of a thread's past go back to the model."""
    return _whole_number(_BY_NAME["MAX_HISTORY_TOKENS"])


def check_settings() -> None:
    """Read everything once. Raises ``ImproperlyConfigured`` that names the setting that cannot be used.

    Two names that disagree are left to the system checks, which say it in their own way (``assistants/checks.py``).
    """
    for setting in FUNCTIONS:
        for name, value in (setting.given or {setting.full_name: setting.default}).items():
            _imported(name, value)
    for setting in NUMBERS:
        _whole_number(setting)
    call_policy()


def _function(setting: Setting) -> Callable[..., Any]:
    return _imported(setting.full_name, setting.value)


def _imported(name: str, value: Any) -> Callable[..., Any]:
    if isinstance(value, str):
        try:
            value = import_string(value)
        except Exception as error:  # also what the module itself raises: the reader needs the setting's name
            raise ImproperlyConfigured(f"{name}: {value!r} cannot be imported: {error}") from error
    if not callable(value):
        raise ImproperlyConfigured(f"{name} must be a function or the dotted path of one, not {value!r}.")
    return value


def _whole_number(setting: Setting) -> int:
    value = setting.value
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ImproperlyConfigured(f"{setting.full_name} must be a whole number above 0, not {value!r}.")
    return value
