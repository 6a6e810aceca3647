"""The console pages about runs: a list that stays quick when it is long, and a page that replays one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.views import ChangeList

from assistants.admin import AssistantFilter, assistant_name, with_assistant_names
from assistants.models import Run, Thread
from assistants.replay import NO_BREAK, answers_of, dollars, in_words, passages_of, rows_of, took, tool_calls_of
from assistants.use_cases.usage import may_see_usage
from tenants.actors import Actor
from tenants.admin import UncountedPaginator, UseCaseAdmin, actor_in_console, moment_column, shorten
from tenants.words import with_words

MOST_CONVERSATIONS = 500  # that a search looks into, the newest
LONGEST_NAME = 70  # characters of a conversation's name in the list


def replayed(run: Run, reader: Actor) -> dict[str, Any]:
    """What ``console/run_parts.html`` shows ``reader`` of a run, and the figures above it. One query, for passages."""
    receipt = run.receipt
    return {
        "run": run,
        "receipt": receipt,
        "rows": rows_of(receipt),
        "passages": passages_of(receipt, reader),
        "tool_calls": tool_calls_of(run),
        "cost": dollars(run.cost),
        "may_see_costs": True,
        "took": took(run),
        "worked": in_words(receipt["total_ms"]) if receipt.get("total_ms") is not None else "",
        "first_text": in_words(receipt["first_token_ms"]) if receipt.get("first_token_ms") is not None else "",
    }


class AgeFilter(SimpleListFilter):
    """Runs of the last days."""

    title, parameter_name = "date", "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """In days."""
        return [("1", "The last 24 hours"), ("7", "The last 7 days"), ("30", "The last 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """The runs that began since then."""
        days = self.value()
        if days not in ("1", "7", "30"):
            return queryset
        return queryset.filter(created_at__gte=timezone.now() - timedelta(days=int(days)))


class SupportFilter(SimpleListFilter):
    """On what an answer rests: the runs that somebody should look at."""

    title = "sources"
    parameter_name = "support"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be asked for."""
        return [("none", "Answers without a source"), ("wrong", "Wrong citations removed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """The runs of that kind."""
        match self.value():
            case "none":
                return queryset.filter(grounding__in=Run.UNSUPPORTED)
            case "wrong":
                return queryset.filter(removed_markers__gt=0)
        return queryset


class RunList(ChangeList):
    """The list, without the columns that may be large and that it does not show."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Run]:
        """One query, whose rows are small."""
        found = super().get_queryset(request, exclude_parameters)
        return found.defer("receipt", "decisions", "error_detail", "error_detail_admin")


class RunAdmin(UseCaseAdmin):
    """Runs, to be read: each with what it cost, and step by step on a page of its own."""

    list_display = ("conversation", "result", "model_and_tokens", "price", "took", "began")
    list_display_links = ("conversation",)
    list_select_related = ("thread__visitor", "created_by", "api_key")
    list_filter = ("status", AssistantFilter, SupportFilter, AgeFilter)
    search_help_text = "Words of a conversation's name, or how they begin"
    ordering = ("-created_at",)
    sortable_by = ("began",)
    paginator = UncountedPaginator
    fields = ()
    began = moment_column("created_at", "Began")
    change_form_template = "console/run_page.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Rows without what the list does not show."""
        return RunList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; the assistants' names are looked up once."""
        return with_assistant_names(super().get_changelist_instance(request))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Tokens and cost are for owners and administrators, as everywhere."""
        if may_see_usage(actor_in_console(request)):
            return self.list_display
        shown = {"model_and_tokens": "answered_by"}
        return tuple(shown.get(column, column) for column in self.list_display if column != "price")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """What makes the list have a search box."""
        return ("thread__name",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """The runs of conversations that are called so: of the newest of those, as a word may be in all names."""
        if not search_term.strip():
            return queryset, False
        named = with_words(Thread.objects.all(), ("name",), search_term)
        newest = list(named.order_by("-created_at").values_list("pk", flat=True)[: MOST_CONVERSATIONS + 1])
        if len(newest) > MOST_CONVERSATIONS:
            shorten(request, f"These are runs of the newest {MOST_CONVERSATIONS:,} conversations that are called so.")
        return queryset.filter(thread__in=newest[:MOST_CONVERSATIONS]), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs begin in the chat."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened has happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with their conversation."""
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The run, replayed. Here the permission to see it has been asked for."""
        run: Run = context["original"]
        reader = actor_in_console(request)
        sees_costs = may_see_usage(reader)
        context |= replayed(run, reader) | {
            "answers": answers_of(run),
            "may_see_costs": sees_costs,
            "rows": rows_of(run.receipt, with_tokens=sees_costs),
            "assistant_name": self.assistant(run),
            "person": self.person(run),
            "show_history": False,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Conversation", header=True)
    def conversation(self, run: Run) -> tuple[str, str]:
        """Its name, which is its first question unless it was renamed; below it, who asked whom."""
        return Truncator(str(run.thread)).chars(LONGEST_NAME), f"{self.person(run)} to {self.assistant(run)}"

    @display(description="Result")
    def result(self, run: Run) -> SafeString:
        """How it stands, or ended, coloured; with the code of what went wrong."""
        tag = format_html('<span class="console-tag is-{}">{}</span>', run.status, run.get_status_display())
        return (
            format_html('{} <span class="console-row-more">{}</span>', tag, run.error_code) if run.error_code else tag
        )

    @display(description="Model", header=True)
    def model_and_tokens(self, run: Run) -> tuple[str, str]:
        """The model that answered, and tokens in and out."""
        return run.model or "-", f"{run.tokens_in} in, {run.tokens_out} out".replace(" ", NO_BREAK)

    @display(description="Model")
    def answered_by(self, run: Run) -> str:
        """The model that answered."""
        return run.model or "-"

    @display(description="Cost")
    def price(self, run: Run) -> str:
        """In US dollars."""
        return dollars(run.cost) or "-"

    @display(description="Took")
    def took(self, run: Run) -> str:
        """From its beginning to its end."""
        return took(run) or "-"

    def assistant(self, run: Run) -> str:
        """The assistant's name; its id when it is not installed."""
        return assistant_name(run, run.assistant_id)

    def person(self, run: Run) -> str:
        """The member, the key or the visitor that asked."""
        if run.created_by:
            return str(getattr(run.created_by, "display_name", run.created_by))
        if run.thread.visitor:
            return str(run.thread.visitor)
        return f"API key {run.api_key.name}" if run.api_key else run.actor_kind
