"""HTTP clients of tenants' providers: one set for each version of each credential, and none left open."""

from __future__ import annotations

from tenants.credentials.clients import clients_of, close_provider_clients
from tests.waiting import until


async def test_each_version_of_each_credential_has_clients_of_its_own():
    mine, newer, theirs = clients_of(("acme", 1, 1)), clients_of(("acme", 1, 2)), clients_of(("globex", 1, 2))
    assert len({id(each) for each in (mine, newer, theirs)}) == 3
    assert clients_of(("globex", 1, 2)) is theirs
    assert len({id(each.asynchronous.of_running_loop()) for each in (mine, newer, theirs)}) == 3
    await close_provider_clients()


async def test_an_older_versions_connections_are_closed_when_nobody_can_be_using_them(settings):
    settings.ATRIUM_RUN_TIMEOUT = 0.01
    client = clients_of(("acme", 2, 1)).asynchronous.of_running_loop()
    clients_of(("acme", 2, 2))

    async def closed() -> bool:
        return client.is_closed

    await until(closed, "the older client is closed")


async def test_at_the_servers_end_those_are_closed_that_wait_for_it_and_those_in_use():
    old = clients_of(("acme", 3, 1)).asynchronous.of_running_loop()
    new = clients_of(("acme", 3, 2)).asynchronous.of_running_loop()
    assert (old.is_closed, new.is_closed) == (False, False)
    await close_provider_clients()
    assert (old.is_closed, new.is_closed) == (True, True)
