"""Embedded chats in a tenant's console. Registered on the site above (atrium/consoles.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.messages import SUCCESS, WARNING
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from assistants.admin import assistant_name, with_assistant_names
from assistants.tenant_assistants import assistants_here
from assistants.use_cases.explain_access import known_names
from embed.look import ICONS
from embed.models import Site, SiteDay
from embed.pages import own_origin
from embed.palette import NAMES, OWN, PAIRS
from embed.site_form import COLOURS, VARIABLES, PageForm, SiteForm
from embed.snippet import inline_snippet_of, page_link_of, snippet_of
from embed.use_cases.examine_page import PAGES_A_MINUTE, examine_page
from embed.use_cases.sites import delete_site, new_identity_secret, save_site
from rag.access import access_collections
from tenants.admin import UseCaseAdmin, actor_in_console
from tenants.budgets.errors import RateLimited
from tenants.models import AccessRule, Visitor
from tenants.rules.words import Names, sentence

DAYS = 30  # that the list's figures are about


class SiteAdmin(UseCaseAdmin):
    """Sites. A new one comes with access rules for its visitors, which are rows like all others."""

    form = SiteForm
    list_display = ("name", "assistant", "pages", "state", "visitors", "messages")
    list_filter = ("enabled", "who")
    search_fields = ("name", "id", "origins")
    actions_submit_line = ("make_secret",)
    change_form_template = "console/site_form.html"
    made_template = "console/identity_secret_made.html"
    _basics = (None, {"fields": ("name", "assistant_id", "origins", ("who", "enabled"))})
    _words = ("What it says", {"fields": ("greeting", "starters", "consent", "fallback", "languages")})
    _look = (
        "Look",
        {
            "description": "Colours such as #0b6a5d; what is left empty follows from the others. A theme is stored "
            "when everything in it can be read (WCAG 2.2 AA).",
            "fields": (
                *("theme", ("light_accent", "dark_accent"), "radius", ("icon", "icon_text"), "label"),
                *("position", ("offset_x", "offset_y")),
            ),
        },
    )
    _further = (
        "More of the look",
        {
            "classes": ("collapse",),
            "description": "Variables, one a line: --atrium-muted: #566059. There are on-accent, side, line, "
            "line-strong, muted, danger, highlight, highlight-line (colours), font, font-code and shadow.",
            "fields": (*zip(COLOURS[2::2], COLOURS[3::2], strict=True), VARIABLES),
        },
    )
    _limits = (
        "Limits",
        {
            "description": "Empty: no limit. Messages are counted from midnight to midnight (UTC). Dollars and tokens "
            "are limited by a budget for the site, requests a minute by a rate limit and by its access rules.",
            "fields": ("messages_a_minute", "messages_a_day", "messages_a_day_in_all", "kept_days"),
        },
    )
    _identity = (
        "People whom your server knows",
        {
            "description": "Your server signs a short statement for each page view (a JWT): with the secret that the "
            "button below makes (HS256), or with a private key whose public half stands here (RS256, ES256, EdDSA).",
            "fields": ("identity_key",),
        },
    )
    add_fieldsets: Any = (
        _basics,
        ("What it knows", {"fields": ("collections",)}),
        _words,
        _look,
        _further,
        _limits,
    )
    fieldsets: Any = (
        (None, {"fields": ("key_shown", "its_rules")}),
        _basics,
        _words,
        _look,
        _further,
        _limits,
        _identity,
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Collections are chosen once; then they are access rules. The look is for who may change it."""
        if obj is None:
            return self.add_fieldsets
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return tuple(each for each in self.fieldsets if each not in (self._look, self._further))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is only shown."""
        return ("key_shown", "its_rules") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, with the collections that this administrator may read."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and "collections" in form.base_fields:
            rows = access_collections(actor_in_console(request)).order_by("name").values_list("pk", "name")
            form.base_fields["collections"].choices = [(str(pk), name) for pk, name in rows]  # type: ignore[attr-defined]
        return form

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        """Sites with how much they are used, in the same query."""
        since = timezone.now().astimezone(UTC).date() - timedelta(days=DAYS - 1)
        midnight = datetime.combine(since, time(), UTC)  # a moment, which the index of visitors knows
        days = SiteDay.objects.filter(site=OuterRef("pk"), day__gte=since).order_by().values("site")
        people = Visitor.objects.filter(site_id=OuterRef("pk"), seen_at__gte=midnight).order_by().values("site_id")
        number = IntegerField()
        written, seen = days.annotate(number=Sum("messages")), people.annotate(number=Count("*"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                messages_of_late=Coalesce(Subquery(written.values("number"), output_field=number), 0),
                visitors_of_late=Coalesce(Subquery(seen.values("number"), output_field=number), 0),
            )
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; the assistants' names are looked up once."""
        return with_assistant_names(super().get_changelist_instance(request))

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: Any) -> None:
        """Store it, and do what the button says."""
        collections = form.cleaned_data.get("collections", ())
        save_site(actor_in_console(request), obj, collections)
        if change:
            self.press_buttons(request, obj)
        else:
            assistant = assistants_here().find(obj.assistant_id)
            obj.finds_nothing = not collections and assistant is not None and assistant.has_rag  # type: ignore[attr-defined]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The form, beside what comes of it; for a site that is there, the lines that bring it into a page."""
        site, host = context.get("original"), own_origin(request)
        context["drawing"] = {"own": OWN, "pairs": PAIRS, "names": NAMES, "icons": ICONS}
        if site is not None:
            context |= {"snippet": snippet_of(site, host), "inline_snippet": inline_snippet_of(site, host)}
            context["page_link"] = page_link_of(site, host)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        """The doctor's page, before the pages of single sites."""
        doctor = self.admin_site.admin_view(self.doctor_view)
        return [path("<str:object_id>/doctor/", doctor, name="embed_site_doctor"), *super().get_urls()]

    def doctor_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What keeps a site's chat from a page, by the page's address."""
        site = self.get_object(request, object_id)
        if not self.has_change_permission(request, site):
            raise PermissionDenied
        if site is None:
            raise Http404
        form, examination, host = PageForm(request.POST or None), None, own_origin(request)
        if request.method == "POST" and form.is_valid():
            try:
                examination = examine_page(actor_in_console(request), site, form.cleaned_data["address"], host)
            except RateLimited as error:
                wait = error.facts["retry_after"]
                form.add_error("address", f"{PAGES_A_MINUTE} pages a minute are read. Ask again in {wait} s.")
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": f"Why is {site.name} not in my page?", "site": site, "form": form},
            **{"examination": examination, "snippet": snippet_of(site, host)},
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "console/site_doctor.html", context)

    def delete_model(self, request: HttpRequest, obj: Site) -> None:
        """Delete it with its visitors and rules."""
        delete_site(actor_in_console(request), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Site]) -> None:
        """Delete each."""
        for site in queryset:
            self.delete_model(request, site)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Its page, which has the lines to copy."""
        self.message_user(request, f"{obj.name} is made. Below are the lines to copy into your page.", SUCCESS)
        if obj.finds_nothing:
            said = (
                "It may quote no collection, so that it finds nothing in documents: a rule lets its visitors read one."
            )
            self.message_user(request, said, WARNING)
        return redirect(reverse(f"{self.admin_site.name}:embed_site_change", args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """After a new secret was made: show it, on a page that no cache keeps."""
        secret = getattr(obj, "secret", None)
        if secret is None:
            return super().response_change(request, obj)
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": "The new identity secret", "site": obj, "secret": secret},
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, self.made_template, context)

    @action(description="Make a new identity secret", icon="key")
    def make_secret(self, request: HttpRequest, site: Site) -> None:
        """The one before is good for nothing from then on."""
        site.secret = new_identity_secret(actor_in_console(request), site)  # type: ignore[attr-defined]

    @display(description="Public key")
    def key_shown(self, site: Site) -> SafeString:
        """To be copied into a page."""
        return format_html(
            '<span class="console-secret-box"><code id="site-key" data-testid="site-key">{}</code>'
            '<button type="button" class="console-button" data-copy="site-key" hidden>Copy</button></span>',
            site.public_key,
        )

    @display(description="Access rules")
    def its_rules(self, site: Site) -> str:
        """What its visitors may do, in words, each with a link to where it is changed."""
        rows: Sequence[AccessRule] = list(AccessRule.objects.filter(site_id=site.pk))
        if not rows:
            return "None: its visitors may do nothing."
        names = known_names()
        lines = ((self._page_of(row), self._in_words(row, names)) for row in rows)
        items = format_html_join("", '<li><a class="console-link" href="{}">{}</a></li>', lines)
        return format_html("<ul>{}</ul>", items)

    def _page_of(self, rule: AccessRule) -> str:
        return reverse(f"{self.admin_site.name}:tenants_accessrule_change", args=[rule.pk])

    @staticmethod
    def _in_words(rule: AccessRule, names: Names) -> str:
        said = sentence(rule.parts, names)
        return said if rule.enabled else f"{said} (switched off)"

    @display(description="Assistant", ordering="assistant_id")
    def assistant(self, site: Site) -> str:
        """By name."""
        return assistant_name(site, site.assistant_id)

    @display(description="Pages")
    def pages(self, site: Site) -> str:
        """The first of its origins, and how many more there are."""
        first, *more = site.origins or ["none"]
        return f"{first} and {len(more)} more" if more else first

    @display(description="State", label={"Open": "success", "Closed": "danger"}, ordering="enabled")
    def state(self, site: Site) -> str:
        """The kill switch."""
        return "Open" if site.enabled else "Closed"

    @display(description=f"Visitors, {DAYS} days", ordering="visitors_of_late")
    def visitors(self, site: Any) -> int:
        """Who was there of late."""
        return site.visitors_of_late

    @display(description=f"Messages, {DAYS} days", ordering="messages_of_late")
    def messages(self, site: Any) -> int:
        """What they wrote of late."""
        return site.messages_of_late
