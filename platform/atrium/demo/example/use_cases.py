"""What people do with issues: check the permission, as a Django view would, then do it.

The assistant's tools call these, and so could a view or the console: an assistant may do what its user may do, and
nothing else.
"""

from __future__ import annotations

from typing import Any

from atrium.demo.example.models import Issue
from tenants.errors import InvalidInput, NotAllowed, NotFound
from tenants.models import User
from tenants.text import check_text

MOST_LISTED = 50
LONGEST_TITLE = 200  # characters
LONGEST_BODY = 10_000  # characters


def list_issues(user: Any, status: str | None = None) -> list[Issue]:
    """The newest issues with this status, or with any; at most ``MOST_LISTED``."""
    _check(user, "view")
    issues = Issue.objects.select_related("assignee")
    return list((issues.filter(status=status) if status else issues)[:MOST_LISTED])


def get_issue(user: Any, number: int) -> Issue:
    """One issue. Raises ``NotFound``."""
    _check(user, "view")
    return _find(number)


def create_issue(user: Any, title: str, body: str = "") -> Issue:
    """A new, open issue. Raises ``InvalidInput`` for a title or body that cannot be stored."""
    _check(user, "add")
    title = check_text(title.strip(), field="title", longest=LONGEST_TITLE)
    if not title:
        raise InvalidInput("An issue needs a title.", field="title")
    return Issue.objects.create(title=title, body=check_text(body, field="body", longest=LONGEST_BODY))


def assign_issue(user: Any, number: int, username: str) -> Issue:
    """Give the issue to a member. Raises ``NotFound`` for an issue or a member that is not there."""
    _check(user, "change")
    issue = _find(number)
    issue.assignee = User.objects.filter(username=username, is_active=True).first()
    if issue.assignee is None:
        raise NotFound(f"There is no member with the username {username}.")
    issue.save(update_fields=["assignee"])
    return issue


def close_issue(user: Any, number: int) -> Issue:
    """Close the issue; one that is closed stays so."""
    _check(user, "change")
    issue = _find(number)
    issue.status = Issue.Status.CLOSED
    issue.save(update_fields=["status"])
    return issue


def delete_issue(user: Any, number: int) -> None:
    """Delete the issue for good."""
    _check(user, "delete")
    _find(number).delete()


def _check(user: Any, verb: str) -> None:
    """Raises ``NotAllowed`` unless the user has the permission. Who has signed in with no member has none."""
    if user is None or not user.has_perm(f"example.{verb}_issue"):
        raise NotAllowed(f"You lack the permission to {verb} issues.")


def _find(number: int) -> Issue:
    issue = Issue.objects.select_related("assignee").filter(pk=number).first()
    if issue is None:
        raise NotFound(f"There is no issue number {number}.")
    return issue
