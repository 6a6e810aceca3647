"""The console pages about conversations. They are registered on the site above (atrium/consoles.py)."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.decorators import display

from assistants.models import Message, Run, Thread
from assistants.tenant_assistants import names_here
from assistants.transcript import read_transcript
from tenants.admin import UseCaseAdmin, moment_column, shorten

MOST_FOUND = 2000  # rows whose threads a filter shows, the newest
MOST_MESSAGES = 400  # of a thread, on its page
RUN_COLOURS = {
    "Completed": "success",
    "Failed": "danger",
    "Cancelled": "warning",
    "Queued": "info",
    "Running": "info",
    "Waiting for approval": "warning",
}


def _of_newest(request: HttpRequest, threads: QuerySet[Thread], rows: QuerySet[Any]) -> QuerySet[Thread]:
    """The threads of the newest of some rare rows, which have an index of their own."""
    newest = list(rows.order_by("-created_at").values_list("thread", flat=True)[: MOST_FOUND + 1])
    if len(newest) > MOST_FOUND:
        shorten(request, f"There are more: these are the conversations of the newest {MOST_FOUND:,}.")
    return threads.filter(pk__in=set(newest[:MOST_FOUND]))


class RunFilter(SimpleListFilter):
    """Threads by how one of their runs ended."""

    title, parameter_name = "runs", "runs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What an administrator looks for."""
        return [("failed", "With a failed run"), ("active", "Being answered now")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Thread]) -> QuerySet[Thread]:
        """The threads of the choice."""
        match self.value():
            case "failed":
                return _of_newest(request, queryset, Run.objects.filter(status=Run.Status.FAILED))
            case "active":
                return _of_newest(request, queryset, Run.objects.filter(status__in=Run.ACTIVE))
        return queryset


class FeedbackFilter(SimpleListFilter):
    """Threads by what was said of an answer in them."""

    title, parameter_name = "feedback", "feedback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What an administrator looks for."""
        return [("down", "With a thumb down"), ("up", "With a thumb up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Thread]) -> QuerySet[Thread]:
        """The threads of the choice."""
        thumb = {"down": -1, "up": 1}.get(self.value() or "")
        if thumb is None:
            return queryset
        return _of_newest(request, queryset, Message.objects.filter(thumb=thumb))


class AssistantFilter(SimpleListFilter):
    """Threads by assistant: the tenant's, the disabled ones too."""

    title, parameter_name = "assistant", "assistant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """By name."""
        return list(names_here().items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Thread]) -> QuerySet[Thread]:
        """The threads that are bound to the assistant."""
        return queryset.filter(assistant_id=self.value()) if self.value() else queryset


def with_assistant_names(listed: Any) -> Any:
    """A list of rows that ``assistant_name`` will be asked about."""
    names = names_here()
    for row in listed.result_list:
        row.assistant_names = names
    return listed


def assistant_name(row: Any, assistant_id: str) -> str:
    """The name of a row's assistant; its id when it is not there any more."""
    names = getattr(row, "assistant_names", None)
    return (names_here() if names is None else names).get(assistant_id, assistant_id)


class ThreadAdmin(UseCaseAdmin):
    """Threads, to be read: as a conversation, with the passages that answers cite and how each run ended."""

    list_display = ("name_shown", "person", "assistant", "message_count", "last_run", "source_shown", "begun")
    list_display_links = ("name_shown",)
    list_select_related = ("created_by", "api_key", "visitor")
    list_filter = (AssistantFilter, RunFilter, FeedbackFilter, "source")
    search_words, search_member = ("name",), "created_by"
    search_help_text = "Words of its name or of a member's, or how they begin"
    sortable_by = ("begun",)
    fields = ()
    begun = moment_column("created_at", "Begun")
    change_form_template = "console/thread.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Thread]:
        """Threads with the number of their messages and the status of their last run: asked for a page's rows only."""
        messages = Message.objects.filter(thread=OuterRef("pk")).order_by().values("thread")
        counted = messages.annotate(number=Count("pk")).values("number")
        runs = Run.objects.filter(thread=OuterRef("pk")).order_by("-created_at").values("status")
        return (
            super()
            .get_queryset(request)
            .annotate(
                messages_in_it=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
                last_status=Subquery(runs[:1]),
            )
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; the assistants' names are looked up once."""
        return with_assistant_names(super().get_changelist_instance(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Conversations begin in the chat."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was said was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only those whose conversation it is delete it."""
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The thread as a conversation. Here the permission to see it has been asked for."""
        thread = context["original"]
        context["turns"] = read_transcript(thread, newest=MOST_MESSAGES)
        context["left_out"] = max(0, thread.messages_in_it - MOST_MESSAGES)
        context["assistant_name"] = self.assistant(thread)
        context["person"] = self.person(thread)
        context["show_history"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Conversation", ordering="name")
    def name_shown(self, thread: Thread) -> str:
        """Its name, which is its first question unless it was renamed."""
        return str(thread)

    @display(description="With", ordering="created_by__username")
    def person(self, thread: Thread) -> str:
        """The member, the key or the visitor that began it."""
        if thread.created_by:
            return str(getattr(thread.created_by, "display_name", thread.created_by))
        if thread.visitor:
            return str(thread.visitor)
        return f"API key {thread.api_key.name}" if thread.api_key else "somebody who left"

    @display(description="Assistant", ordering="assistant_id")
    def assistant(self, thread: Thread) -> str:
        """The assistant's name; its id when it is not installed."""
        return assistant_name(thread, thread.assistant_id) or "any"

    @display(description="Led in", ordering="source", label={"Chat": "", "OpenAI-compatible API": "info"})
    def source_shown(self, thread: Thread) -> str:
        """Where it is led: of a completion's conversation, only what was asked last is here."""
        return thread.get_source_display()

    @display(description="Messages")
    def message_count(self, thread: Any) -> int:
        """How many messages are in it."""
        return thread.messages_in_it

    @display(description="Last run", label=RUN_COLOURS)
    def last_run(self, thread: Any) -> str:
        """How the last run ended, coloured."""
        return Run.Status(thread.last_status).label if thread.last_status else "None yet"
