"""The issues that the demo's tenants begin with."""

from __future__ import annotations

from collections.abc import Sequence

from atrium.demo.example.models import Issue
from tenants.models import User

Begun = tuple[str, str, bool]  # title, body, closed

ISSUES: dict[str, Sequence[Begun]] = {
    "acme": (
        (
            "Quotations cannot be told from the rest of an answer",
            "Two people asked. Try a line at the left.",
            True,
        ),
        ("Say in the handbook how to rotate a key", "There is a page about keys, but none about changing one.", False),
        ("The search finds nothing for 'roll back'", "Only 'rollback' does. Seen on the documents page.", False),
        ("Printer on the second floor is out of toner", "It has been blinking since Monday.", False),
    ),
    "globex": (
        ("Tarn T600 at the Harbour Street canteen shows E20", "It stops after two cups. Wants a technician.", False),
        ("Two water filters of the Millbrook order are missing", "Twelve were ordered, ten arrived.", False),
        ("Wrong lease rate on the last invoice", "The customer has been told, and the invoice corrected.", True),
    ),
}


def seed_issues(schema_name: str, assignee: User) -> None:
    """Make the current tenant's first issues, unless it has some; the first open one is the assignee's to do."""
    if Issue.objects.exists():
        return
    for title, body, closed in ISSUES.get(schema_name, ()):
        Issue.objects.create(title=title, body=body, status=Issue.Status.CLOSED if closed else Issue.Status.OPEN)
    first = Issue.objects.filter(status=Issue.Status.OPEN).order_by("pk").first()
    if first is not None:
        first.assignee = assignee
        first.save(update_fields=["assignee"])
