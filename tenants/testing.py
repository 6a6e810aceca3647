"""For the tests of a project that builds on Atrium: a tenant that is there for one test class.

class WeatherTests(TenantTestCase):
    def test_it_knows_the_sky(self):
        answer = WeatherAssistant(user=self.member).run("Get the weather in Oslo")
        self.assertIn("clear", answer)
"""

from __future__ import annotations

from typing import ClassVar

from django.test import TestCase

from tenants.actors import MEMBER, Actor
from tenants.context import TenantRef, tenant_context
from tenants.models import User
from tenants.provisioning.create import create_tenant
from tenants.provisioning.roles import prepare_roles
from tenants.use_cases.members import add_member


class TenantTestCase(TestCase):
    """Tests in the context of a tenant with one member. Of both nothing is left, nor of what the tests do in it.

    The offline model answers, also where the environment has a model's key: no test costs anything.
    """

    tenant: ClassVar[TenantRef]
    member: ClassVar[User]

    @classmethod
    def setUpTestData(cls) -> None:
        """Make the tenant, in the transaction of the class."""
        super().setUpTestData()
        prepare_roles()  # Django's test runner migrates the database, and knows nothing of roles
        cls.tenant = create_tenant("testing", "Testing", "testing.localhost").as_ref()
        with tenant_context(cls.tenant):
            person = {"username": "member", "email": "member@example.org"}
            cls.member = add_member(Actor("system", cls.tenant), password=None, roles={MEMBER}, **person)

    def setUp(self) -> None:
        """Enter the tenant's context."""
        super().setUp()
        self.enterContext(self.settings(ATRIUM_OPENAI_API_KEY=""))
        self.enterContext(tenant_context(self.tenant))
