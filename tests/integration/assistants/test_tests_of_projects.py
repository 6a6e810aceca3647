"""``tenants.testing``: what the tests of a project that builds on Atrium find, and what they leave behind."""

from __future__ import annotations

import unittest

import pytest
from django.db import connection

from assistants import AIAssistant, method_tool
from assistants.models import Message
from assistants.use_cases import create_message, create_thread, get_thread_messages
from tenants.context import current_tenant, public_context
from tenants.models import Tenant, User
from tenants.provisioning.roles import role_of
from tenants.testing import TenantTestCase

pytestmark = pytest.mark.usefixtures("clean_tenants", "registry")


def test_a_tenant_is_there_for_the_class_and_each_test_begins_anew(settings):
    settings.ATRIUM_OPENAI_API_KEY = "sk-" + "of-somebody"

    class Sky(AIAssistant):
        id = "sky"
        name = "Sky"
        instructions = "Tell what the sky is like."

        @method_tool
        def get_weather(self, city: str) -> str:
            """Get the weather in a city."""
            return f"{User.objects.get(pk=self._user.pk).username}: clear over {city}"

    class SkyTests(TenantTestCase):
        def test_a_tool_is_a_method(self) -> None:
            assert Sky(user=self.member).get_weather("Oslo") == "member: clear over Oslo"

        def test_an_answer_is_kept_in_a_thread(self) -> None:
            thread = create_thread(name="Sky", user=self.member)
            create_message("sky", thread, self.member, "Get the weather in Oslo")
            _, answer = get_thread_messages(thread=thread, user=self.member)
            assert "member: clear over Oslo" in answer.content

        def test_nothing_is_left_of_the_test_before(self) -> None:
            assert (User.objects.count(), Message.objects.count()) == (1, 0)
            assert current_tenant() == self.tenant

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(SkyTests).run(result)
    assert (result.testsRun, result.failures, result.errors) == (3, [], [])
    with public_context():
        assert not Tenant.objects.filter(schema_name="testing").exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role_of("testing")])
            assert cursor.fetchall() == []
