"""Assistants over issues: one with tools, one that asks other assistants, one that fills in a form.

Importing this module registers them; Atrium imports every installed app's ``ai_assistants.py`` when it starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from assistants import AIAssistant, BaseModel, BaseTool, Field, method_tool
from assistants.ai_assistants import DocsAssistant
from atrium.demo.example import use_cases
from atrium.demo.example.models import Issue


class IssueTracker(AIAssistant):
    """Reads and changes the tenant's issues, as far as the person who asks may."""

    id = "issue_tracker"
    name = "Issues"
    description = "Lists, creates, assigns and closes issues."
    starter_questions = ("Which issues are open?", "Create an issue: the printer on floor 2 is out of paper.")
    instructions = (
        "You look after an issue tracker with your tools. Say what the tools answered and make up nothing. "
        "When a tool says that something is not allowed, tell the person so; do not try another way."
    )

    class NewIssue(BaseModel):
        """What a new issue is made of."""

        title: str = Field(description="What is wrong, in one line")
        body: str = Field(default="", description="All that is known about it; empty if nothing is")

    @method_tool(idempotent=True, tenant_selectable=True)
    def list_issues(self, status: Literal["open", "closed"] | None = None) -> list[dict[str, Any]] | str:
        """List the newest issues, those with a status or all."""
        found = [_line(issue) for issue in use_cases.list_issues(self._user, status)]
        return found or "There are no such issues."

    @method_tool(idempotent=True, tenant_selectable=True)
    def get_issue(self, number: int) -> dict[str, Any]:
        """Get one issue with all that is known about it."""
        return _everything(use_cases.get_issue(self._user, number))

    @method_tool(args_schema=NewIssue, tenant_selectable=True)
    def create_issue(self, title: str, body: str = "") -> dict[str, Any]:
        """Create an issue. Ask for a title if none was given."""
        return _everything(use_cases.create_issue(self._user, title, body))

    @method_tool(idempotent=True)
    def assign_issue(self, number: int, username: str) -> dict[str, Any]:
        """Assign an issue to a member, by the member's username."""
        return _line(use_cases.assign_issue(self._user, number, username))

    @method_tool(idempotent=True)
    def close_issue(self, number: int) -> dict[str, Any]:
        """Close an issue that is done."""
        return _line(use_cases.close_issue(self._user, number))

    @method_tool(requires_approval=True)
    def delete_issue(self, number: int) -> str:
        """Delete an issue for good. A person is asked first."""
        use_cases.delete_issue(self._user, number)
        return f"Issue {number} is deleted."


class Concierge(AIAssistant):
    """Knows whom to ask: the documents, or the issue tracker."""

    id = "concierge"
    name = "Front desk"
    description = "Asks the documents or the issue tracker for you."
    instructions = (
        "You are the front desk. Ask the documents for how things are done, and the issue tracker for what is to be "
        "done. Pass the question on with everything that is needed to understand it, and pass on what they answer."
    )
    tool_max_concurrency = 2

    def get_tools(self) -> Sequence[BaseTool]:
        """Two assistants as tools. They act for the one who asks: what that person may not do, they refuse."""
        asked_by: dict[str, Any] = {"user": self._user, "request": self._request}
        return [
            DocsAssistant(**asked_by).as_tool(description="Answers questions from the organisation's documents."),
            IssueTracker(**asked_by).as_tool(description="Lists, creates, assigns and closes issues."),
            *super().get_tools(),
        ]


class Triage(BaseModel):
    """What a message to the help desk is about."""

    category: Literal["hardware", "software", "account", "building", "other"] = Field(description="Who looks after it")
    priority: Literal["low", "normal", "high", "urgent"] = Field(description="How soon somebody must look at it")
    summary: str = Field(description="The message in one line")


class TicketTriage(AIAssistant):
    """Sorts a message to the help desk. Its answer is a ``Triage``."""

    id = "ticket_triage"
    name = "Ticket triage"
    description = "Says who looks after a message to the help desk, and how soon."
    instructions = "You sort messages to a help desk. Take the priority from what is at stake, not from the tone."
    structured_output = Triage


def _line(issue: Issue) -> dict[str, Any]:
    """What a list shows. A tool's answer is read by a model: only what the person may see, and as little as helps."""
    assignee = issue.assignee.get_username() if issue.assignee else "nobody"
    return {"number": issue.pk, "title": issue.title, "status": issue.status, "assignee": assignee}


def _everything(issue: Issue) -> dict[str, Any]:
    return {**_line(issue), "body": issue.body, "created_at": issue.created_at.isoformat(timespec="minutes")}
