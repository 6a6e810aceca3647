"""The settings of a call: what holds without them, and what is said of one that cannot be."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from assistants.llm.resilience import policy as module
from assistants.llm.resilience.policy import SETTING_NAMES, BreakerRule, CallPolicy, call_policy


def test_without_settings_the_defaults_hold(settings):
    for name in SETTING_NAMES:
        if hasattr(settings, name):
            delattr(settings, name)
    assert call_policy() == CallPolicy()


def test_without_environment_variables_the_defaults_hold_too():
    assert call_policy() == CallPolicy()


def test_a_setting_is_read_again_when_it_changes(settings):
    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["small"]
    assert call_policy().fallback_models == ("small",)
    settings.AI_ASSISTANT_MODEL_FALLBACKS.append("smaller")
    assert call_policy().fallback_models == ("small", "smaller")


def test_every_setting_counts(settings):
    settings.AI_ASSISTANT_MODEL_CONNECT_SECONDS = 1
    settings.AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS = 2.5
    settings.AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS = 3
    settings.AI_ASSISTANT_MODEL_TOTAL_SECONDS = 4
    settings.AI_ASSISTANT_MODEL_RETRIES = 0
    settings.AI_ASSISTANT_MODEL_BACKOFF_BASE_SECONDS = 0.1
    settings.AI_ASSISTANT_MODEL_BACKOFF_CAP_SECONDS = 0.2
    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["small", "smaller"]
    settings.AI_ASSISTANT_MODEL_REQUIRE_FINISH = False
    settings.AI_ASSISTANT_MODEL_BREAKER_FAILURES = 7
    settings.AI_ASSISTANT_MODEL_BREAKER_WINDOW_SECONDS = 8
    settings.AI_ASSISTANT_MODEL_BREAKER_PAUSE_SECONDS = 9
    assert call_policy() == CallPolicy(
        1, 2.5, 3, 4, 0, 0.1, 0.2, ("small", "smaller"), require_finish=False, breaker=BreakerRule(7, 8, 9)
    )


def test_every_setting_is_explained():
    assert [name for name in SETTING_NAMES if f"``{name}``" not in (module.__doc__ or "")] == []


def test_djangos_checks_know_them(settings):
    settings.AI_ASSISTANT_MODEL_RETRIES = 1
    assert [message for message in run_checks(tags=["assistants"]) if "AI_ASSISTANT_MODEL" in message.msg] == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TOTAL_SECONDS", 0, "a number of seconds above 0"),
        ("TOTAL_SECONDS", "60", "a number of seconds above 0"),
        ("TOTAL_SECONDS", float("nan"), "a number of seconds above 0"),
        ("CONNECT_SECONDS", True, "a number of seconds above 0"),
        ("RETRIES", -1, "a whole number, 0 or more"),
        ("RETRIES", 1.5, "a whole number, 0 or more"),
        ("BREAKER_FAILURES", 0, "a whole number above 0"),
        ("FALLBACKS", "small", "a list of models' names"),
        ("FALLBACKS", ["small", ""], "a list of models' names"),
        ("FALLBACKS", [["small"]], "a list of models' names"),
        ("FALLBACKS", {}, "a list of models' names"),
        ("REQUIRE_FINISH", 1, "True or False"),
        ("REQUIRE_FINISH", None, "True or False"),
    ],
)
def test_a_value_that_cannot_be_is_named(settings, name, value, expected):
    setattr(settings, f"AI_ASSISTANT_MODEL_{name}", value)
    with pytest.raises(ImproperlyConfigured, match=f"AI_ASSISTANT_MODEL_{name} must be {expected}"):
        call_policy()


def test_the_start_fails_with_the_name_of_a_value_that_cannot_be(settings):
    settings.AI_ASSISTANT_MODEL_RETRIES = "2"
    with pytest.raises(ImproperlyConfigured, match="AI_ASSISTANT_MODEL_RETRIES"):
        apps.get_app_config("assistants").ready()


def test_values_that_do_not_fit_together_are_refused(settings):
    settings.AI_ASSISTANT_MODEL_BACKOFF_BASE_SECONDS = 60
    with pytest.raises(ImproperlyConfigured, match="backoff"):
        call_policy()


@pytest.mark.parametrize("fields", [{"total": 0}, {"connect": -1}, {"retries": -1}, {"backoff_base": 9}])
def test_a_policy_that_cannot_be_is_not_made(fields):
    with pytest.raises(ValueError):
        CallPolicy(**fields)


def test_the_clients_time_outs_can_be_hashed_and_end_no_reply_before_we_do():
    """langchain-openai shares its HTTP client only among models whose time-outs can be hashed."""
    policy = CallPolicy(connect=1, first_token=2, between_tokens=3, total=4)
    connect, read, write, pool = policy.client_timeout
    hash(policy.client_timeout)
    assert (connect, pool) == (1, 1)
    assert read >= policy.total
    assert write == 3
