"""A caller's roles are those of the member, whichever way it signed in: read in the same query as the member."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from tenants.actors import EDITOR, MEMBER
from tenants.keys import create_api_key
from tenants.models import AccessRule
from tests.sessions import session_of


@pytest.fixture
async def only_editors(acme) -> None:
    def change() -> None:
        AccessRule.objects.all().delete()
        AccessRule.objects.create(audience="role", role=Group.objects.get(name=EDITOR), assistant_id="docs_assistant")

    await acme.run(change)


async def assistants_of(server, tenant, headers) -> list[str]:
    response = await server.client(tenant.host, **headers).get("/api/assistants/")
    return [assistant["id"] for assistant in response.json()]


@pytest.mark.parametrize("way_in", ["key", "session"])
async def test_a_role_counts_from_the_next_request_on_and_until_it_is_taken_away(server, acme, only_editors, way_in):
    headers = acme.bearer if way_in == "key" else await session_of(acme)
    editors = await acme.run(lambda: Group.objects.get(name=EDITOR))
    assert await assistants_of(server, acme, headers) == []
    await acme.run(lambda: acme.member.groups.add(editors))
    assert await assistants_of(server, acme, headers) == ["docs_assistant"]
    await acme.run(lambda: acme.member.groups.remove(editors))
    assert await assistants_of(server, acme, headers) == []


async def test_a_key_without_a_member_has_no_role(server, acme, only_editors):
    _, secret = await acme.run(lambda: create_api_key("a program"))
    assert await assistants_of(server, acme, {"Authorization": f"Bearer {secret}"}) == []


@pytest.mark.parametrize("way_in", ["key", "session"])
async def test_a_member_who_was_deactivated_is_out_at_once(server, acme, way_in):
    headers = acme.bearer if way_in == "key" else await session_of(acme)
    acme.member.is_active = False
    await acme.run(acme.member.save)
    try:
        response = await server.client(acme.host, **headers).get("/api/assistants/")
        assert response.status_code == 401
    finally:
        acme.member.is_active = True


async def test_a_member_has_every_role_of_its_groups(server, acme):
    def roles() -> frozenset[str]:
        from tenants.members import roles_of
        from tenants.sign_in import MemberBackend

        acme.member.groups.add(Group.objects.get(name=EDITOR))
        return roles_of(MemberBackend().get_user(acme.member.pk))

    assert await acme.run(roles) == {EDITOR, MEMBER}
