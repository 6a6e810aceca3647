"""Hosts of tenants: added, verified, removed.

A host that is added waits until it is verified: until then nobody is served there, so that a name that a tenant does
not own shows nothing of the tenant. There are two ways. The *check* asks the host itself: Atrium answers at
``PROOF_PATH`` with the host's token, so the right answer says that the name leads here. The operator's *word* asks
nothing; it serves where the name does not lead here yet, or where no request may leave.
"""

from __future__ import annotations

import http.client
import re
import secrets
import ssl

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from tenants.audit import delete_recorded, record, recorded, snapshot
from tenants.context import public_context
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.hosts import PROOF_PATH
from tenants.models import Domain, Tenant

HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
TIMEOUT = 5.0  # seconds that a host has to answer the check
LONGEST_ANSWER = 200  # bytes


class HostNotVerified(Conflict):
    """The host did not answer with its token."""

    code = "host_not_verified"


def clean_host(host: str) -> str:
    """The host name in the form in which it is looked up. Raises ``InvalidInput``."""
    host = host.strip().lower().rstrip(".")
    if not HOST_NAME.fullmatch(host):
        raise InvalidInput("Give a host name such as chat.example.com, without scheme, port or path.", field="host")
    if host == settings.ATRIUM_PUBLIC_HOST:
        raise InvalidInput("This host is the operators' own.", field="host")
    return host


def add_host(tenant_id: int, host: str, *, confirmed: bool = False) -> Domain:
    """A further host. It waits for ``verify_host`` unless the operator has ``confirmed`` that it is the tenant's.

    Raises ``InvalidInput``, ``NotFound`` and ``Conflict`` (``host_taken``).
    """
    host = clean_host(host)
    with public_context():
        if not Tenant.objects.filter(pk=tenant_id).exists():
            raise NotFound("There is no such tenant.")
        try:
            with transaction.atomic():
                row = Domain.objects.create(
                    tenant_id=tenant_id,
                    domain=host,
                    is_primary=False,
                    waiting_token="" if confirmed else secrets.token_urlsafe(24),
                    verified_at=timezone.now() if confirmed else None,
                )
                record("host.added", row, after=snapshot(row, confirmed=confirmed))
                return row
        except IntegrityError:
            raise Conflict(f"The host {host} belongs to a tenant already.", code="host_taken") from None


def verify_host(tenant_id: int, host: str, *, confirmed: bool = False, port: int | None = None) -> Domain:
    """Let the tenant answer at the host, after a check or on the operator's word (``confirmed``).

    ``port``: where to ask, if not at the usual one. Raises ``NotFound`` and ``HostNotVerified``.
    """
    row = _host(tenant_id, host)
    if row.is_verified:
        return row
    if not confirmed:
        _check(row, port)
    with public_context(), transaction.atomic():
        row = Domain.objects.select_for_update().get(pk=row.pk)
        with recorded(row, "host.confirmed" if confirmed else "host.verified"):
            row.waiting_token, row.verified_at = "", timezone.now()
            row.save(update_fields=["waiting_token", "verified_at"])
    return row


def remove_host(tenant_id: int, host: str) -> None:
    """Stop answering at a host. Raises ``NotFound``, and ``Conflict`` for the primary one."""
    row = _host(tenant_id, host)
    if row.is_primary:
        raise Conflict(
            "A tenant keeps its primary host. Suspend the tenant to keep everybody out.", code="primary_host"
        )
    with public_context():
        delete_recorded(row)


def make_primary(tenant_id: int, host: str) -> Domain:
    """Name the host at which the tenant is at home. Raises ``NotFound``, ``HostNotVerified`` for one that waits."""
    row = _host(tenant_id, host)
    if not row.is_verified:
        raise HostNotVerified("Verify the host first.")
    with public_context(), transaction.atomic():
        Domain.objects.filter(tenant_id=tenant_id, is_primary=True).exclude(pk=row.pk).update(is_primary=False)
        with recorded(row, "host.made_primary"):
            row.is_primary = True
            row.save(update_fields=["is_primary"])
    return row


def _host(tenant_id: int, host: str) -> Domain:
    with public_context():
        row = Domain.objects.filter(tenant_id=tenant_id, domain=host.strip().lower().rstrip(".")).first()
    if row is None:
        raise NotFound("The tenant has no such host.")
    return row


def _check(row: Domain, port: int | None) -> None:
    """Ask the host for its token. Redirects are not followed, and only the comparison's outcome is told."""
    # Names below .localhost are this machine (RFC 6761), whether or not its resolver knows that.
    address = "127.0.0.1" if row.domain.endswith(".localhost") else row.domain
    connection: http.client.HTTPConnection
    if settings.INSECURE_HTTP:
        connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT)
    else:
        secure = ssl.create_default_context()
        connection = http.client.HTTPSConnection(address, port, timeout=TIMEOUT, context=secure)
    try:
        connection.request("GET", PROOF_PATH, headers={"Host": f"{row.domain}:{port}" if port else row.domain})
        answer = connection.getresponse()
        said = answer.read(LONGEST_ANSWER).decode("ascii", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise HostNotVerified(
            f"{row.domain} cannot be reached ({type(error).__name__}). Let the name lead here, or confirm it yourself."
        ) from error
    finally:
        connection.close()
    if answer.status != 200 or not secrets.compare_digest(said, row.waiting_token):
        raise HostNotVerified(f"{row.domain} leads somewhere else, or to a server that does not know it.")
