"""The two consoles: one for operators on the public host, one for a tenant's administrators on its own.

The pages are made in each app's ``admin.py``; which site has which of them is said here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import path
from procrastinate.contrib.django.models import ProcrastinateJob
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from assistants.admin import ThreadAdmin
from assistants.configured_admin import ConfiguredAssistantAdmin
from assistants.models import ConfiguredAssistant, Run, Thread
from assistants.run_admin import RunAdmin
from assistants.tenant_assistants import names_here
from assistants.use_cases.explain_access import explain_access, overriding
from assistants.use_cases.preview_access import what_rules_are_about
from assistants.use_cases.refused_runs import RefusedRuns, refused_runs
from atrium import usage_pages
from atrium.site_figures_page import EmbeddedChatAdmin
from atrium.tenant_chats_page import TenantWithChatsAdmin
from embed.models import Site
from rag.admin import CollectionAdmin, DocumentAdmin
from rag.models import Collection, Document
from tenants.actors import Actor
from tenants.admin import (
    AccessRuleAdmin,
    ApiKeyAdmin,
    AuditEntryAdmin,
    BudgetAdmin,
    ErasureReceiptAdmin,
    InvitationAdmin,
    JobAdmin,
    MemberAdmin,
    MemberGroupAdmin,
    ModelPriceAdmin,
    OperatorAdmin,
    OperatorKeyAdmin,
    PlanAdmin,
    PlatformBudgetAdmin,
    ProviderCredentialAdmin,
    RateLimitAdmin,
)
from tenants.errors import NotAllowed, NotFound
from tenants.models import (
    AccessRule,
    ApiKey,
    AuditEntry,
    Budget,
    ErasureReceipt,
    Invitation,
    MemberGroup,
    ModelPrice,
    OperatorKey,
    Plan,
    PlatformBudget,
    ProviderCredential,
    RateLimit,
    Tenant,
    User,
)
from tenants.rules.explain import Explanation, Question
from tenants.rules.preview import Known
from tenants.sign_in import TellsLocked
from tenants.use_cases.preview_rule import Preview

# Alpine, which unfold is made with, builds functions from its attributes' texts. Inline scripts stay forbidden,
# and so are inline styles: the colours come from console.css (console_look.py).
CONSOLE_CSP = {"script-src": "'self' 'unsafe-eval'"}

View = Callable[..., HttpResponseBase]


def with_console_csp(view: View) -> View:
    """The view, with the content security policy that a console's pages need."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response.csp = CONSOLE_CSP  # type: ignore[attr-defined]
        return response

    return answer


def refusing_as_a_page(view: View) -> View:
    """The view, in which a row that is gone since the page looked for it is a page that is not there, and what the
    person may not do any more is forbidden. A page that knows more to say catches the refusal itself."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(*args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except NotAllowed as error:
            raise PermissionDenied from error

    return answer


class ConsoleSignInForm(TellsLocked, AuthenticationForm):
    """unfold's form, which says when too many attempts were made."""


class ConsoleSite(UnfoldAdminSite):
    """What both consoles share."""

    index_template = "console/index.html"
    index_title = "Overview"
    login_template = "console/sign_in.html"
    login_form = ConsoleSignInForm
    password_change_done_template = "console/password_changed.html"  # noqa: S105  the name of a file

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's wrapper of each page, the page's content security policy, and what refusals look like."""
        return with_console_csp(super().admin_view(refusing_as_a_page(view), cacheable))

    def get_urls(self) -> list[Any]:
        """Django's addresses, and the page about usage before them: the last of Django's takes all that is left."""
        return [path("usage/", self.admin_view(self.usage), name="usage"), *super().get_urls()]

    def usage(self, request: HttpRequest) -> HttpResponseBase:
        """What was used."""
        raise NotImplementedError

    def context_of(self, request: HttpRequest) -> dict[str, Any]:
        """What a page of our own needs to stand in this console."""
        request.current_app = self.name  # type: ignore[attr-defined]
        return self.each_context(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sign in; only staff gets in."""
        return with_console_csp(super().login)(request, {"title": "Sign in", **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """unfold's context. Without colours in it, no style element is written into the page."""
        return {**super().each_context(request), "colors": None}


class OperatorSite(ConsoleSite):
    """Operators: tenants and hosts. Staff of the public schema."""

    settings_name = "UNFOLD_OPERATOR"

    def usage(self, request: HttpRequest) -> HttpResponseBase:
        """Of all tenants, a month at a time."""
        return usage_pages.of_tenants(request, self.context_of(request))


class TenantSite(ConsoleSite):
    """A tenant's administrators and editors: staff of the tenant's schema."""

    settings_name = "UNFOLD_TENANT"

    def usage(self, request: HttpRequest) -> HttpResponseBase:
        """The tenant's own."""
        return usage_pages.tenants_own(request, self.context_of(request))


class RuleAdmin(AccessRuleAdmin):
    """Access rules about the tenant's assistants, their tools, and the tenant's collections."""

    def known(self) -> Known:
        """The tenant's assistants and collections, by name."""
        return what_rules_are_about()

    def refused_runs(self, preview: Preview) -> Sequence[RefusedRuns]:
        """Of the last seven days."""
        return refused_runs(preview.before, preview.after, preview.at)

    def explained(self, asking: Actor, about: str, question: Question) -> Explanation:
        """Also an assistant that is switched off."""
        return explain_access(asking, about, question).by_rules

    def overriding(self, action: str) -> str:
        """A function that ``AI_ASSISTANT_CAN_...`` names."""
        return overriding(action)


class KeyAdmin(ApiKeyAdmin):
    """API keys, for the tenant's assistants."""

    def known_assistants(self) -> Mapping[str, str]:
        """The tenant's, by name."""
        return names_here()


class AssistantBudgetAdmin(BudgetAdmin):
    """Budgets of the tenant's assistants."""

    def known_assistants(self) -> Mapping[str, str]:
        """The tenant's, by name."""
        return names_here()


operator_site = OperatorSite(name="operator")
operator_site.register(Tenant, TenantWithChatsAdmin)
operator_site.register(ErasureReceipt, ErasureReceiptAdmin)
operator_site.register(User, OperatorAdmin)
operator_site.register(OperatorKey, OperatorKeyAdmin)
operator_site.register(Plan, PlanAdmin)
operator_site.register(ModelPrice, ModelPriceAdmin)
operator_site.register(PlatformBudget, PlatformBudgetAdmin)
operator_site.register(AuditEntry, AuditEntryAdmin)
operator_site.register(ProcrastinateJob, JobAdmin)

tenant_site = TenantSite(name="console")
tenant_site.register(Thread, ThreadAdmin)
tenant_site.register(Run, RunAdmin)
tenant_site.register(ConfiguredAssistant, ConfiguredAssistantAdmin)
tenant_site.register(Document, DocumentAdmin)
tenant_site.register(Collection, CollectionAdmin)
tenant_site.register(User, MemberAdmin)
tenant_site.register(MemberGroup, MemberGroupAdmin)
tenant_site.register(Invitation, InvitationAdmin)
tenant_site.register(ApiKey, KeyAdmin)
tenant_site.register(AccessRule, RuleAdmin)
tenant_site.register(Site, EmbeddedChatAdmin)
tenant_site.register(Budget, AssistantBudgetAdmin)
tenant_site.register(RateLimit, RateLimitAdmin)
tenant_site.register(AuditEntry, AuditEntryAdmin)
tenant_site.register(ProviderCredential, ProviderCredentialAdmin)

if apps.is_installed("atrium.demo.example"):
    from atrium.demo.example.admin import IssueAdmin
    from atrium.demo.example.models import Issue

    tenant_site.register(Issue, IssueAdmin)
