"""``DATABASE_URL`` in, Django's settings out: nothing is lost, and no bad address gets through or is repeated."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from atrium.database_url import database_settings
from atrium.env import Environment


def settings_of(url: str, **variables: str) -> dict:
    return database_settings(Environment({"DATABASE_URL": url, **variables}))


def address_of(url: str) -> tuple[str, str, str, str, str]:
    read = settings_of(url)
    return read["USER"], read["PASSWORD"], read["HOST"], read["PORT"], read["NAME"]


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
hosts = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z0-9]{1,10}){0,3}", fullmatch=True)


@given(user=words, password=words, host=hosts, port=st.integers(1, 65535), name=words)
def test_each_part_of_an_address_arrives_as_it_was_written(user, password, host, port, name):
    url = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{quote(name, safe='')}"
    assert address_of(url) == (user, password, host, str(port), name)


@given(folder=words.map(lambda word: f"/{word}"), name=words)
def test_a_sockets_folder_arrives_as_it_was_written(folder, name):
    encoded = quote(folder, safe="")
    for url in (f"postgresql:///{quote(name, safe='')}?host={encoded}", f"postgres://{encoded}/{quote(name, safe='')}"):
        assert address_of(url) == ("", "", folder, "", name)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgres://db/atrium", ("", "", "db", "", "atrium")),
        ("postgresql://me@db/atrium", ("me", "", "db", "", "atrium")),
        ("postgresql://me:secret@[::1]:5433/atrium", ("me", "secret", "::1", "5433", "atrium")),
        ("postgresql:///atrium?host=/tmp/pg&port=5433", ("", "", "/tmp/pg", "5433", "atrium")),
        ("postgresql://%2FVar%2FRun/atrium", ("", "", "/Var/Run", "", "atrium")),
        ("postgresql://one:5432,two:5433/atrium", ("", "", "one,two", "5432,5433", "atrium")),
    ],
)
def test_an_address_may_be_short_or_name_a_socket_or_several_hosts(url, address):
    assert address_of(url) == address


def test_further_parameters_reach_the_driver_and_the_pool_stays():
    options = settings_of("postgresql://db/atrium?sslmode=require&application_name=atrium")["OPTIONS"]
    assert (options["sslmode"], options["application_name"]) == ("require", "atrium")
    assert options["pool"]["max_size"] > 0


def pool_of(**variables: str) -> dict:
    return settings_of("postgresql://db/atrium", **variables)["OPTIONS"]["pool"]


def test_the_pool_and_the_listener_together_are_as_many_connections_as_the_variable_says():
    pool = pool_of(ATRIUM_DATABASE_POOL_MIN="1", ATRIUM_DATABASE_POOL_MAX="7", ATRIUM_DATABASE_TIMEOUT="2.5")
    assert (pool["min_size"], pool["max_size"], pool["timeout"]) == (1, 6, 2.5)


@pytest.mark.parametrize("most", ["0", "1", "2"])
def test_a_pool_has_room_for_one_connection_at_least(most):
    pool = pool_of(ATRIUM_DATABASE_POOL_MIN="2", ATRIUM_DATABASE_POOL_MAX=most)
    assert (pool["min_size"], pool["max_size"]) == (1, 1)


def test_without_an_address_django_gets_a_database_that_it_can_be_configured_with():
    assert settings_of("")["NAME"] == "atrium"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@db/atrium",
        "db/atrium?secret",
        "postgresql:secret",
        "postgresql://me:secret@db",
        "postgresql://me:secret@db/",
        "postgresql://me:secret@db:port/atrium",
        "postgresql://me:secret@db:0/atrium",
        "postgresql://me:secret@db:65536/atrium",
        "postgresql://me:secret@[::1/atrium",
        "postgresql://me:sec ret@db/atrium",
        "postgresql://me:secret%zz@db/atrium",
        "postgresql://me:secret%ff@db/atrium",
        "postgresql://me:secret@db/atrium?no_such_parameter=1",
    ],
)
def test_a_bad_address_is_refused_by_its_name_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL: expected postgresql://") as refusal:
        settings_of(url)
    assert "sec" not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


def refusal_of(url: str) -> str:
    try:
        settings_of(url)
    except ImproperlyConfigured as refusal:
        return str(refusal)
    return ""


@given(st.text() | st.text().map("postgresql://{}".format))
def test_an_address_is_good_or_refused_in_the_same_words_whatever_it_is(url):
    assert refusal_of(url) in ("", "DATABASE_URL: expected postgresql://user:password@host:port/name")
