"""What every page of a console shares: it asks use cases to do things, and shows what they refuse at the form."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tenants.actors import Actor
from tenants.admin.member_field import is_written, row_field
from tenants.admin.paging import BoundedPaginator, UncountedPaginator
from tenants.audit import delete_recorded, save_recorded
from tenants.audit.recording import target_of
from tenants.errors import AtriumError
from tenants.members import member_actor
from tenants.models import User
from tenants.models.user import NAMES_OF_USER
from tenants.words import with_words

MOST_PEOPLE = 200  # of a name that is searched for
MOST_FOUND = 200  # rows that a search finds in one way, the first in the list's order


def actor_in_console(request: HttpRequest) -> Actor:
    """The member who uses a tenant's console. One query a request, for the roles."""
    actor = getattr(request, "actor", None)
    if actor is None:
        actor = request.actor = member_actor(request.user)  # type: ignore[attr-defined,arg-type]
    return actor


def shorten(request: HttpRequest, why: str) -> None:
    """Have the list say that not all is shown that was found: ``why``, a sentence, and what to do about it."""
    request.shortened = why  # type: ignore[attr-defined]


class _ShowsRefusal:
    """Makes a form show why the use case refused what the form itself had accepted."""

    refusal: AtriumError

    def clean(self: Any) -> Any:
        cleaned = super().clean()  # type: ignore[misc]
        facts: Any = self.refusal.facts.get("errors") or [{"field": None}]
        field = facts[0]["field"]
        self.add_error(field if field in self.fields else None, self.refusal.detail)
        return cleaned


class UseCaseAdmin(ModelAdmin):
    """A model's console pages whose ``save_model`` calls a use case.

    When the use case refuses (``AtriumError``), everything is rolled back and the form is shown again with what was
    typed and the reason, at its field if it names one.
    """

    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    search_words: tuple[str, ...] = ()
    """Fields over whose words there is a ``word_index``: the list is searched in them, by the beginnings of words."""
    called: tuple[str, str] | None = None
    """What people call one and several of its rows, where the model's own name is for developers."""
    search_member = ""
    """A key to a member, whose name is searched for, too."""
    list_filter_sheet = False
    compressed_fields = False
    warn_unsaved_form = True
    change_form_show_cancel_button = True

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        if self.called:
            own: Any = copy(model._meta)
            own.verbose_name, own.verbose_name_plural = self.called
            self.opts = own

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Django's list, with the names that this page has for its rows."""
        listed = super().get_changelist_instance(request)
        listed.opts, listed.title = self.opts, capfirst(self.opts.verbose_name_plural)
        return listed

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's view; a refusal becomes an error of the form."""
        if "\x00" in (object_id or ""):
            raise Http404
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except AtriumError as error:
            request.refusal = error  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; what is asked with a null byte, which no row can have, is not asked."""
        if any("\x00" in value for values in request.GET.lists() for value in values[1]):
            return HttpResponseRedirect(request.path)
        return super().changelist_view(request, extra_context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, or None."""
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's view; a refusal leads back to the list, which says why."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except AtriumError as error:
            self.message_user(request, error.detail, messages.ERROR)
        return redirect(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Do what was chosen for rows of the list; a refusal is said on the list."""
        try:
            return super().response_action(request, queryset)
        except AtriumError as error:
            self.message_user(request, error.detail, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """To the audit log, which knows of each act, whichever door was used; Django's own history does not."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        about = target_of(row)
        log = reverse(f"{self.admin_site.name}:tenants_auditentry_changelist")
        return HttpResponseRedirect(f"{log}?{urlencode({'about': about.kind, 'target_id': about.id})}")

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        """Django's console goes to its first page and says there that there is no such row. Here that is a 404 like any
        other: a page that is not there, whoever's the row may be."""
        raise Http404

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        """The form's class; after a refusal it refuses, too."""
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else type(form)(form.__name__, (_ShowsRefusal, form), {"refusal": refusal})

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Fields without buttons that open other forms in pop-ups."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if is_written(field):
            field = row_field(field)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def get_search_fields(self, request: HttpRequest) -> Any:
        """What makes the list have a search box."""
        return self.search_words or super().get_search_fields(request)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the index of words, where there is one; else as Django does it, which reads every row."""
        if not search_term.strip():
            return queryset, False
        if not self.search_words:
            found, has_doubles = super().get_search_results(request, queryset, search_term)
            return found | self._of_people(queryset, search_term) if self.search_member else found, has_doubles
        named = with_words(queryset, self.search_words, search_term)
        if issubclass(self.paginator, UncountedPaginator):
            return named, False
        ways = [named]
        if self.search_member:
            ways.append(self._of_people(queryset, search_term))
        return self._first_found(request, queryset, ways), False

    def _of_people(self, queryset: Any, search_term: str) -> Any:
        """The rows of members who are called so. They are looked up first: joined with the rows, all would be read."""
        people = with_words(User.objects.all(), NAMES_OF_USER, search_term).order_by()
        ids = list(people.values_list("pk", flat=True)[:MOST_PEOPLE])
        return queryset.filter(**{f"{self.search_member}__in": ids})

    def _first_found(self, request: HttpRequest, queryset: Any, ways: list[Any]) -> Any:
        """The first rows that each way finds, which all have an index of their own. To count more, or to ask for either
        way at once, PostgreSQL would read the list row by row, and each of its words."""
        found = [list(rows.values_list("pk", flat=True)[: MOST_FOUND + 1]) for rows in ways]
        if any(len(keys) > MOST_FOUND for keys in found):
            shorten(request, "The search finds more than is shown here.")
        return queryset.filter(pk__in={key for keys in found for key in keys[:MOST_FOUND]})

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The list's pages, which say when a search has found more than they hold."""
        paginator = super().get_paginator(request, *args, **kwargs)
        paginator.shortened = getattr(request, "shortened", "")
        return paginator

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The form with one button that saves, and the way to what the audit log has of it for who may see that."""
        sees_log = request.user.has_perm("tenants.view_auditentry")  # type: ignore[union-attr]
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        context["show_history"] = context.get("show_history", True) and sees_log
        return super().render_change_form(request, context, *args, **kwargs)

    # -- what pages change is recorded (tenants/audit). A page that calls a use case leaves it to that.

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Store the row and record it, then do what the pressed button says."""
        save_recorded(obj)
        self.press_buttons(request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the row, and record what it was."""
        delete_recorded(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the chosen rows, each as by itself; all or none."""
        with transaction.atomic():
            for row in queryset:
                self.delete_model(request, row)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Store the rows below the form, and record each."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            delete_recorded(row)
        for row in [*(row for row, _ in formset.changed_objects), *formset.new_objects]:
            save_recorded(row)
        formset.save_m2m()

    # -- buttons and actions

    def press_buttons(self, request: HttpRequest, obj: Any) -> None:
        """Do what the pressed button of ``actions_submit_line`` says, without storing the form's object first.

        Storing all of its columns would take back what somebody else has changed since the page's row was read.
        """
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    def do_to_each(
        self, request: HttpRequest, rows: QuerySet[Any], use_case: Callable[[Any], object], done: str
    ) -> None:
        """Call ``use_case`` with each row for an action on a list; say how many were ``done``, and what was refused."""
        count, refused = 0, {}
        for row in rows:
            try:
                use_case(row)
                count += 1
            except AtriumError as error:
                refused[error.detail] = row
        if count:
            self.message_user(request, f"{done}: {count}.", messages.SUCCESS)
        for reason, row in refused.items():
            self.message_user(request, f"{row}: {reason}", messages.ERROR)


def moment_column(field: str, title: str) -> Callable[[Any, Any], str | SafeString]:
    """A column for the date and time in ``field``; console.js shows it in the reader's own time zone."""

    @display(description=title, ordering=field)
    def column(self: Any, row: Any) -> str | SafeString:
        moment = getattr(row, field)
        if moment is None:
            return "-"
        return format_html('<time datetime="{}">{} UTC</time>', moment.isoformat(), format_date(moment, "j M Y, H:i"))

    return column


def adopt(shown: models.Model, stored: models.Model) -> None:
    """Let the form's object be the row that the use case stored: the admin logs it and links to it."""
    for field in stored._meta.concrete_fields:
        if field.attname in stored.__dict__:
            setattr(shown, field.attname, getattr(stored, field.attname))
    shown._state.adding, shown._state.db = False, stored._state.db
