"""The example as an app: installed by a switch, seeded by the demo, and to be seen in the console."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

from atrium.demo.example.models import Issue
from atrium.demo.example.seed import ISSUES, seed_issues
from tenants.context import public_context, tenant_context
from tests.consoles import Console
from tests.factories import PASSWORD


@pytest.mark.parametrize(("switch", "installed"), [({}, False), ({"ATRIUM_EXAMPLE": "1"}, True)])
def test_it_is_installed_by_its_switch_alone(switch, installed):
    kept = {name: value for name, value in os.environ.items() if name != "ATRIUM_EXAMPLE"}
    environment = {**kept, "ATRIUM_DEBUG": "1", "PYTHONPATH": f"{settings.BASE_DIR / 'platform'}", **switch}
    program = (
        "import django; from atrium.env import set_default_settings_module as use; use(); django.setup();"
        "from django.core.management import call_command; call_command('check');"
        "from assistants import AIAssistant; print('issue_tracker' in AIAssistant.get_cls_registry())"
    )
    command = [sys.executable, "-c", program]
    environment["DJANGO_SETTINGS_MODULE"] = "atrium.settings"
    done = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip().splitlines()[-1:] == [str(installed)], done.stderr


def test_the_issues_table_is_in_no_other_schema_than_the_tenants(acme):
    with public_context(), pytest.raises(Exception, match="example_issue"):
        Issue.objects.count()


@pytest.mark.parametrize("name", ["acme", "globex"])
def test_the_demo_gives_each_tenant_issues_of_its_own_once(clean_tenants, name):
    tenant = clean_tenants[name]
    with tenant_context(tenant.ref):
        for _ in range(2):
            seed_issues(name, tenant.member)
        made = list(Issue.objects.order_by("pk"))
        assert [issue.title for issue in made] == [title for title, _, _ in ISSUES[name]]
        assert [issue.assignee_id for issue in made].count(tenant.member.pk) == 1
        assert {issue.status for issue in made} == {"open", "closed"}


async def test_administrators_read_and_change_issues_in_the_console(server, acme, globex, toner, filters):
    console = Console(server.client(acme.host))
    await console.sign_in("owner", PASSWORD)
    assert 'href="/admin/example/issue/"' in (await console.open()).text
    listed = await console.open("example/issue/")
    assert toner.title in listed.text
    assert filters.title not in listed.text
    page = f"example/issue/{toner.pk}/change/"
    assert (await console.send(page, title=toner.title, body="", status="closed", assignee="")).status_code == 302
    assert (await acme.run(Issue.objects.get)).status == "closed"
    assert (await console.send("example/issue/add/", title="By hand", body="")).status_code == 302
    assert await acme.run(Issue.objects.filter(title="By hand", status="open").exists)
