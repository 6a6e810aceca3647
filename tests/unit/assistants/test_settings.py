"""The AI_ASSISTANT_... settings: what holds without them, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from assistants import conf, permissions, policies
from assistants.api import init_api

PERMISSION_SETTINGS = sorted(permissions.FACTS)


def checked() -> list[str]:
    return [f"{message.id}: {message.msg} {message.hint or ''}" for message in run_checks(tags=["assistants"])]


def start() -> None:
    apps.get_app_config("assistants").ready()


def yes(user, request=None, thread=None, message=None, assistant_cls=None) -> bool:
    return True


YES = f"{__name__}.yes"


def test_without_settings_the_tenants_rules_and_own_threads_decide():
    for name in PERMISSION_SETTINGS:
        answering = name.removeprefix("CAN_").removesuffix("_FN").lower()
        assert conf.permission(name) is getattr(policies, f"may_{answering}")
    assert conf.init_api_function() is init_api
    assert (conf.max_tool_rounds(), conf.max_history_tokens()) == (10, 8000)
    assert checked() == []


@pytest.mark.parametrize("name", [*PERMISSION_SETTINGS, "CAN_RUN_ASSISTANT_FN"])
def test_a_setting_names_the_function_that_answers(name):
    with override_settings(**{f"AI_ASSISTANT_{name}": "assistants.permissions.allow_all"}):
        assert conf.permission(name.replace("ASSISTANT_FN", "ASSISTANT")) is permissions.allow_all
        assert checked() == []


def test_a_function_may_be_given_itself():
    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=yes):
        assert conf.permission("CAN_VIEW_THREAD_FN") is yes


def test_both_names_of_the_run_permission_may_say_the_same():
    with override_settings(
        AI_ASSISTANT_CAN_RUN_ASSISTANT="assistants.permissions.allow_all",
        AI_ASSISTANT_CAN_RUN_ASSISTANT_FN="assistants.permissions.allow_all",
    ):
        assert conf.permission("CAN_RUN_ASSISTANT") is permissions.allow_all
        assert checked() == []


def test_both_names_of_the_run_permission_may_not_differ():
    with override_settings(
        AI_ASSISTANT_CAN_RUN_ASSISTANT="assistants.permissions.allow_all",
        AI_ASSISTANT_CAN_RUN_ASSISTANT_FN="assistants.policies.may_run_assistant",
    ):
        [said] = checked()
        assert said.startswith("assistants.E001")
        assert "AI_ASSISTANT_CAN_RUN_ASSISTANT and AI_ASSISTANT_CAN_RUN_ASSISTANT_FN" in said
        with pytest.raises(ImproperlyConfigured):  # a server that ran no checks lets nobody in
            conf.permission("CAN_RUN_ASSISTANT")


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("AI_ASSISTANT_CAN_VIEW_THREADS_FN", "AI_ASSISTANT_CAN_VIEW_THREAD_FN"),
        ("AI_ASSISTANT_CAN_DELETE_MESSAGE", "AI_ASSISTANT_CAN_DELETE_MESSAGE_FN"),
        ("AI_ASSISTANT_INIT_API", "AI_ASSISTANT_INIT_API_FN"),
        ("AI_ASSISTANT_MAX_ROUNDS", "AI_ASSISTANT_MAX_TOOL_ROUNDS"),
    ],
)
def test_an_unknown_setting_is_a_warning_that_names_the_nearest(unknown, nearest):
    with override_settings(**{unknown: YES}):
        [said] = checked()
        assert said.startswith("assistants.W001")
        assert unknown in said
        assert said.endswith(f"Did you mean {nearest}?")


@pytest.mark.parametrize(
    "name", [f"AI_ASSISTANT_{name}" for name in (*PERMISSION_SETTINGS, "CAN_RUN_ASSISTANT_FN", "INIT_API_FN")]
)
@pytest.mark.parametrize("value", ["nowhere.at.all", "assistants.permissions.nothing_of_the_kind", "nodots", None, 7])
def test_the_start_fails_with_the_name_of_a_setting_that_leads_nowhere(name, value):
    with override_settings(**{name: value}), pytest.raises(ImproperlyConfigured, match=name):
        start()


@pytest.mark.parametrize("name", ["AI_ASSISTANT_MAX_TOOL_ROUNDS", "AI_ASSISTANT_MAX_HISTORY_TOKENS"])
@pytest.mark.parametrize("value", ["10", 0, -1, None, True, 1.5])
def test_the_start_fails_with_the_name_of_a_number_that_is_none(name, value):
    with override_settings(**{name: value}), pytest.raises(ImproperlyConfigured, match=name):
        start()


def test_a_number_is_read_again_when_it_changes():
    with override_settings(AI_ASSISTANT_MAX_TOOL_ROUNDS=3):
        assert conf.max_tool_rounds() == 3
    assert conf.max_tool_rounds() == 10


def test_a_function_that_asks_for_what_it_does_not_get_is_an_error():
    def wants_more(thread, user, weather):
        return True

    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=wants_more):
        [said] = checked()
        assert said.startswith("assistants.E002: The function of AI_ASSISTANT_CAN_VIEW_THREAD_FN asks for weather")


def test_an_asynchronous_permission_function_is_an_error_and_never_a_yes():
    async def later(**facts):
        return False

    with override_settings(AI_ASSISTANT_CAN_CREATE_THREAD_FN=later):
        [said] = checked()
        assert said.startswith("assistants.E002")
        with pytest.raises(ImproperlyConfigured, match="AI_ASSISTANT_CAN_CREATE_THREAD_FN"):
            permissions.can_create_thread(user=None)


def test_the_page_about_settings_names_all_of_them():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "settings.md").read_text()
    for setting in conf.SETTINGS:
        assert f"| `AI_ASSISTANT_{setting.name}` | `{setting.default}` | {setting.meaning} |" in page
    assert "`AI_ASSISTANT_CAN_RUN_ASSISTANT_FN`" in page
