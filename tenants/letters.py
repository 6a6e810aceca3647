"""The e-mails that people get. Each is a job: a mail server that is slow or down keeps nobody waiting, and how long an
answer takes does not tell whether somebody was written to.

Jobs carry ids. The links, which are secrets, are made when the e-mail is written.
"""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenants.context import current_tenant, public_context
from tenants.database import in_thread
from tenants.links import invitation_token, may_reset, reset_tokens
from tenants.models import Invitation, User
from tenants.tasks import tenant_task

OPERATORS_CONSOLE = "the operators' console"
_RETRY = RetryStrategy(max_attempts=6, exponential_wait=5, retry_exceptions={OSError})  # SMTP's errors are OSErrors


@tenant_task(name="tenants.send_invitation", queue="mail", retry=_RETRY)
def send_invitation(invitation_id: int, site: str) -> None:
    """Invite. ``site`` is the tenant's address, with scheme and host; nothing is sent for what is not open any more."""
    invitation = Invitation.objects.select_related("role", "invited_by").filter(pk=invitation_id).first()
    if invitation is None or not invitation.is_open or invitation.is_expired:
        return
    path = reverse("accept_invitation", args=[invitation_token(invitation)])
    inviter = invitation.invited_by.display_name if invitation.invited_by else ""
    facts = {"invitation": invitation, "inviter": inviter, "link": f"{site}{path}"}
    _send(invitation.email, "Your invitation to {tenant}", "tenants/invitation.txt", facts)


@tenant_task(name="tenants.send_password_resets", queue="mail", retry=_RETRY)
def send_password_resets(user_ids: list[int], site: str) -> None:
    """Send each of the members the link to a new password."""
    for user in User.objects.filter(pk__in=user_ids):
        if may_reset(user):
            parts = [urlsafe_base64_encode(force_bytes(user.pk)), reset_tokens.make_token(user)]
            facts = {"user": user, "link": f"{site}{reverse('password_reset_confirm', args=parts)}"}
            _send(user.email, "A new password for {tenant}", "tenants/password_reset.txt", facts)


@app.task(name="tenants.send_operators_password_resets", queue="mail", retry=_RETRY)
async def send_operators_password_resets(user_ids: list[int], site: str) -> None:
    """The same for operators."""
    with public_context():
        await in_thread(send_password_resets.function, user_ids, site)


def _send(address: str, subject: str, template: str, facts: dict[str, object]) -> None:
    current = current_tenant()
    tenant = " ".join(current.name.split()) if current else OPERATORS_CONSOLE  # a subject is one line
    body = render_to_string(template, {**facts, "tenant": tenant})
    EmailMessage(subject.format(tenant=tenant), body, to=[address]).send()
