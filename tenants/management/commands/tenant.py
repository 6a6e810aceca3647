"""Make, list, show, rename, suspend, resume, archive and delete tenants, and look after their hosts."""

from __future__ import annotations

import getpass
import json
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.context import public_context
from tenants.errors import AtriumError
from tenants.hosts import PROOF_PATH
from tenants.models import Domain, Tenant
from tenants.provisioning.create import create_tenant
from tenants.use_cases import hosts, tenants
from tenants.use_cases.tenants import FirstOwner, find_tenant

Options = dict[str, Any]


class Command(BaseCommand):
    """``manage.py tenant <what> ...``: the same use cases as in the operators' console and API."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command for each thing that can be done."""
        what = parser.add_subparsers(dest="what", required=True, metavar="what")

        def add(name: str, text: str, *, schema: bool = True) -> ArgumentParser:
            found = what.add_parser(name, help=text)
            if schema:
                found.add_argument("schema_name", metavar="SCHEMA")
            return found

        self._add_create(add("create", "a new tenant"))
        listing = add("list", "tenants by name", schema=False)
        listing.add_argument("--status", choices=Tenant.Status.values, default="", help="archived ones only with this")
        listing.add_argument("--search", default="", help="in names, schemas and hosts")
        listing.add_argument("--json", action="store_true")
        add("show", "one tenant and its hosts").add_argument("--json", action="store_true")
        add("rename", "another name").add_argument("name")
        adding = add("add-host", "a further host, which waits to be verified")
        adding.add_argument("host")
        adding.add_argument("--confirm", action="store_true", help="I know that it is theirs: do not wait")
        verifying = add("verify-host", "ask a host for its token, and serve it")
        verifying.add_argument("host")
        verifying.add_argument("--confirm", action="store_true", help="I know that it is theirs: do not ask")
        verifying.add_argument("--port", type=int, default=None, help="where to ask (the usual port)")
        add("remove-host", "do not answer there any more").add_argument("host")
        add("primary-host", "where the tenant is at home").add_argument("host")
        add("suspend", "nobody gets in, nothing is lost, jobs wait")
        add("resume", "everybody gets in again, and the jobs run")
        add("archive", "as suspended, and left out of lists")
        deleting = add("delete", "delete it with everything in it, for good")
        deleting.add_argument("--name", help="the tenant's name, to confirm; asked for if it is not given")

    def _add_create(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", help="for people; by default the schema's")
        parser.add_argument("--host", required=True, help="where it answers, such as chat.example.com")
        parser.add_argument("--owner", metavar="USERNAME", help="who signs in first; without, nobody can yet")
        parser.add_argument("--email", default="", help="the owner's")
        parser.add_argument("--password-stdin", action="store_true", help="read it there; else one is made and shown")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises ``CommandError`` with the reason of a refusal."""
        do: Callable[[Options], None] = getattr(self, "_" + options["what"].replace("-", "_"))
        try:
            do(options)
        except AtriumError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error

    # -- what can be done

    def _create(self, options: Options) -> None:
        schema_name, host = options["schema_name"], hosts.clean_host(options["host"])
        name = tenants.clean_name(options["name"] or schema_name)
        if not options["owner"]:
            create_tenant(schema_name, name, host)
        else:
            given = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else ""
            password = given or secrets.token_urlsafe(12)
            tenants.open_tenant(schema_name, name, host, FirstOwner(options["owner"], options["email"], password))
            if not given:
                self.stdout.write(f"{options['owner']}'s password, shown only now: {password}")
        self.stdout.write(f"{name} is there: {schema_name}, at {host}")

    def _list(self, options: Options) -> None:
        with public_context():
            found = [_facts(tenant) for tenant in tenants.list_tenants(options["status"], options["search"])]
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=1))
            return
        for facts in found:
            names = [host["host"] for host in facts["hosts"]]
            self.stdout.write(f"{facts['schema_name']:<24}{facts['status']:<11}{facts['name']:<32}{' '.join(names)}")
        if not found:
            self.stdout.write("no tenants")

    def _show(self, options: Options) -> None:
        facts = _facts(find_tenant(options["schema_name"]))
        if options["json"]:
            self.stdout.write(json.dumps(facts, indent=1))
            return
        for name in ("schema_name", "name", "status", "created_at"):
            self.stdout.write(f"{name:<12} {facts[name]}")
        for host in facts["hosts"]:
            state = "waits to be verified" if host["proof_token"] else "verified"
            self.stdout.write(f"{'host':<12} {host['host']} ({state}{', primary' if host['is_primary'] else ''})")

    def _rename(self, options: Options) -> None:
        self._say(tenants.rename_tenant(self._id(options), options["name"]))

    def _add_host(self, options: Options) -> None:
        self._say_host(hosts.add_host(self._id(options), options["host"], confirmed=options["confirm"]))

    def _verify_host(self, options: Options) -> None:
        given = {"confirmed": options["confirm"], "port": options["port"]}
        self._say_host(hosts.verify_host(self._id(options), options["host"], **given))

    def _remove_host(self, options: Options) -> None:
        hosts.remove_host(self._id(options), options["host"])
        self.stdout.write(f"{options['host']} is removed")

    def _primary_host(self, options: Options) -> None:
        self._say_host(hosts.make_primary(self._id(options), options["host"]))

    def _suspend(self, options: Options) -> None:
        self._say(tenants.suspend_tenant(self._id(options)))

    def _resume(self, options: Options) -> None:
        self._say(tenants.resume_tenant(self._id(options)))

    def _archive(self, options: Options) -> None:
        self._say(tenants.archive_tenant(self._id(options)))

    def _delete(self, options: Options) -> None:
        tenant = find_tenant(options["schema_name"])
        name = options["name"]
        if name is None:
            self.stdout.write(f"This deletes {tenant.name} ({tenant.schema_name}) with everything in it, for good.")
            name = _asked_for("The tenant's name, to confirm: ")
        receipt = tenants.delete_tenant(tenant.pk, name, by=f"{getpass.getuser()} on the command line")
        tables = len(receipt.tables)
        self.stdout.write(
            f"{receipt.tenant_name} is deleted: {receipt.rows} rows of {tables} tables, {receipt.jobs} jobs"
        )
        self.stdout.write(f"receipt {receipt.pk}, SHA-256 {receipt.digest}")

    # -- what is said

    def _id(self, options: Options) -> int:
        return find_tenant(options["schema_name"]).pk

    def _say(self, tenant: Tenant) -> None:
        self.stdout.write(f"{tenant.schema_name}: {tenant.name}, {tenant.status}")

    def _say_host(self, row: Domain) -> None:
        if row.is_verified:
            self.stdout.write(f"{row.domain} is verified and served")
        else:
            self.stdout.write(f"{row.domain} waits: {PROOF_PATH} there must answer {row.waiting_token}")


def _asked_for(what: str) -> str:
    try:
        return input(what)
    except EOFError:
        raise CommandError("Nobody is there to confirm it: give the name as --name. Nothing was done.") from None


def _facts(tenant: Tenant) -> dict[str, Any]:
    """What the operators' API says of a tenant, too."""
    from tenants.api.operator.schemas import tenant_out

    return tenant_out(tenant).model_dump(mode="json")
