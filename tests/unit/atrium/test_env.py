"""The environment, read in one place: typed, with defaults, and loud about what it cannot read."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from atrium.env import VARIABLES, Environment, child_environment, set_defaults

WHOLE_NUMBERS = [variable for variable in VARIABLES if type(variable.default) is int]
SECONDS = [variable for variable in VARIABLES if type(variable.default) is float]
FLAGS = [variable for variable in VARIABLES if type(variable.default) is bool]
LISTS = [variable for variable in VARIABLES if type(variable.default) is list]


def by_name(variable) -> str:
    return variable.name


@pytest.mark.parametrize("variable", VARIABLES, ids=by_name)
def test_each_variable_has_its_default_when_it_is_not_set(variable):
    assert Environment({})[variable.name] == variable.default


@pytest.mark.parametrize("variable", VARIABLES, ids=by_name)
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_value_counts_as_not_set(variable, blank):
    assert Environment({variable.name: blank})[variable.name] == variable.default


@pytest.mark.parametrize("variable", VARIABLES, ids=by_name)
def test_each_variable_says_what_it_is_for(variable):
    assert variable.meaning.endswith(".")


@pytest.mark.parametrize("variable", FLAGS, ids=by_name)
@pytest.mark.parametrize(
    ("raw", "value"),
    [("1", True), ("true", True), ("YES", True), (" on ", True), ("0", False), ("False", False), ("no", False)],
)
def test_a_switch_is_read_in_the_usual_spellings(variable, raw, value):
    assert Environment({variable.name: raw})[variable.name] is value


@pytest.mark.parametrize("variable", WHOLE_NUMBERS, ids=by_name)
def test_a_whole_number_is_a_number(variable):
    assert Environment({variable.name: " 120 "})[variable.name] == 120


@pytest.mark.parametrize("variable", SECONDS, ids=by_name)
@pytest.mark.parametrize(("raw", "value"), [("3", 3.0), ("2.5", 2.5)])
def test_seconds_may_have_a_fraction(variable, raw, value):
    assert Environment({variable.name: raw})[variable.name] == value


@pytest.mark.parametrize("variable", LISTS, ids=by_name)
def test_a_list_is_split_at_commas_without_blanks_and_empty_parts(variable):
    assert Environment({variable.name: " a.example , ,.b.example,"})[variable.name] == ["a.example", ".b.example"]


def test_a_log_level_may_be_written_small():
    assert Environment({"ATRIUM_LOG_LEVEL": "debug"})["ATRIUM_LOG_LEVEL"] == "DEBUG"


@pytest.mark.parametrize(
    ("variable", "raw"),
    [
        *((variable, raw) for variable in FLAGS for raw in ("maybe", "2", "-1")),
        *((variable, raw) for variable in WHOLE_NUMBERS for raw in ("many", "1.5", "-1", "1e3", "٣")),
        *((variable, raw) for variable in SECONDS for raw in ("soon", "-1", "nan", "inf", "1e9")),
        *((variable, raw) for variable in VARIABLES if variable.name == "ATRIUM_LOG_LEVEL" for raw in ("loud", "10")),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_value_that_cannot_be_read_is_refused_with_the_variable_and_what_is_expected(variable, raw):
    with pytest.raises(ImproperlyConfigured) as refusal:
        Environment({variable.name: raw})[variable.name]
    said = str(refusal.value)
    assert said.startswith(f"{variable.name}: expected ")
    assert variable.meaning in said
    assert "\n" not in said


def test_a_variable_that_is_not_declared_cannot_be_read():
    with pytest.raises(KeyError):
        Environment({"ATRIUM_NEW": "1"})["ATRIUM_NEW"]


def test_a_child_process_gets_this_ones_environment_with_the_changes(monkeypatch):
    monkeypatch.setenv("ATRIUM_CHAT_MODEL", "ours")
    monkeypatch.setenv("ATRIUM_DATA_DIR", "here")
    child = child_environment(ATRIUM_DATA_DIR="there")
    assert (child["ATRIUM_CHAT_MODEL"], child["ATRIUM_DATA_DIR"]) == ("ours", "there")


def test_a_default_does_not_replace_what_somebody_set(monkeypatch):
    monkeypatch.setenv("ATRIUM_CHAT_MODEL", "theirs")
    monkeypatch.setenv("ATRIUM_DATA_DIR", "")
    set_defaults({"ATRIUM_CHAT_MODEL": "default", "ATRIUM_DATA_DIR": "default"})
    read = Environment()
    assert (read["ATRIUM_CHAT_MODEL"], read["ATRIUM_DATA_DIR"]) == ("theirs", "default")
