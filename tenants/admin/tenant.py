"""The operators' pages about tenants and their hosts."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from tenants.admin.base import UseCaseAdmin, adopt, moment_column
from tenants.errors import AtriumError, InvalidInput
from tenants.hosts import PROOF_PATH
from tenants.models import Domain, Tenant
from tenants.use_cases import hosts
from tenants.use_cases.tenants import (
    FirstOwner,
    archive_tenant,
    delete_tenant,
    open_tenant,
    rename_tenant,
    resume_tenant,
    suspend_tenant,
)

HOST_HELP = "Without scheme, port or path, for example chat.example.com. It must be among ATRIUM_ALLOWED_HOSTS."


def clean_host(host: str) -> str:
    """The host name in the form in which it is looked up. Raises ``ValidationError``."""
    try:
        return hosts.clean_host(host)
    except InvalidInput as error:
        raise forms.ValidationError(error.detail) from error


class DomainForm(forms.ModelForm):
    """A host name, in the form in which it is looked up. A new one waits to be verified, or is taken at one's word."""

    confirmed = forms.BooleanField(label="I know that it is theirs", required=False, widget=UnfoldBooleanWidget)

    class Meta:
        model = Domain
        fields = ("domain", "is_primary")
        labels: ClassVar = {"domain": "Host name", "is_primary": "Primary"}

    def clean_domain(self) -> str:
        """Lower case, and a host name."""
        return clean_host(self.cleaned_data["domain"])

    def save(self, commit: bool = True) -> Domain:
        """Store the host; a new name gets a token, unless it is confirmed."""
        row: Domain = self.instance
        if self.cleaned_data["confirmed"] and not (row.is_verified and row.verified_at):
            row.waiting_token, row.verified_at = "", timezone.now()
        elif row.pk is None or "domain" in self.changed_data:
            row.waiting_token, row.verified_at = secrets.token_urlsafe(24), None
        return super().save(commit)


class HostFormSet(PaginationInlineFormSet):
    """A tenant's hosts together: one of them is the primary one."""

    def clean(self) -> None:
        """Refuse a tenant that nobody can reach."""
        super().clean()
        if any(self.errors):
            return  # they say enough
        kept = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        hosts = [host for host in kept if host.get("domain")]
        if not hosts:
            raise forms.ValidationError("A tenant needs a host. Suspend the tenant to keep everybody out.")
        if sum(host["is_primary"] for host in hosts) != 1:
            raise forms.ValidationError("Choose one host as the primary one.")
        for form in self.forms:
            if form not in self.deleted_forms and form.cleaned_data.get("is_primary"):
                self._check_primary(form)

    def _check_primary(self, form: Any) -> None:
        waits = not form.instance.is_verified or form.instance.pk is None or "domain" in form.changed_data
        if waits and not form.cleaned_data["confirmed"]:
            raise forms.ValidationError("The primary host must be verified: check it first, or confirm it.")


class DomainInline(TabularInline):
    """A tenant's hosts."""

    model = Domain
    form = DomainForm
    formset = HostFormSet
    extra = 0
    readonly_fields = ("verification",)
    verbose_name, verbose_name_plural = "host", "hosts"
    hide_title = True

    @display(description="Verification")
    def verification(self, row: Domain) -> str:
        """Whether the tenant answers there; what a host that waits must answer."""
        if row.pk is None:
            return "waits, unless you confirm it"
        if row.is_verified:
            return "verified"
        return f"waits: {PROOF_PATH} must answer {row.waiting_token}"


class OpenTenantForm(forms.ModelForm):
    """A new tenant with its first owner."""

    host = forms.CharField(max_length=253, help_text=HOST_HELP, widget=UnfoldAdminTextInputWidget)
    owner_username = forms.CharField(label="User name", max_length=150, widget=UnfoldAdminTextInputWidget)
    owner_email = forms.EmailField(label="E-mail", required=False, widget=UnfoldAdminEmailInputWidget)
    owner_password = forms.CharField(
        label="Password",
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        validators=[validate_password],
        help_text="For the first sign-in. The owner changes it in the tenant's console.",
    )

    class Meta:
        model = Tenant
        fields = ("name", "schema_name")
        help_texts: ClassVar = {
            "schema_name": "Of its own in the database, and never changed: lower-case letters, digits and underscores."
        }

    def clean_host(self) -> str:
        """Lower case, and a host name."""
        return clean_host(self.cleaned_data["host"])


class TenantAdmin(UseCaseAdmin):
    """Tenants: opened, renamed, given hosts, suspended, archived, deleted. What is inside them is theirs."""

    list_display = ("name", "state", "host", "schema_name", "opened")
    list_display_links = ("name",)
    list_filter = ("status",)
    search_fields = ("name", "schema_name", "domains__domain")
    readonly_fields = ("schema_name", "state", "opened")
    actions = ("suspend", "resume", "archive")
    actions_submit_line = ("suspend_this", "resume_this", "archive_this", "check_hosts")
    delete_template = "console/delete_tenant.html"
    inlines = (DomainInline,)
    add_fieldsets = (
        (None, {"fields": ("name", "schema_name", "host")}),
        (
            "First owner",
            {
                "description": "Signs in at the new host, and adds the other members there.",
                "fields": ("owner_username", "owner_email", "owner_password"),
            },
        ),
    )
    fieldsets = ((None, {"fields": ("name", "plan", ("state", "schema_name", "opened"))}),)
    opened = moment_column("created_at", "Opened")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Tenants with their hosts."""
        return super().get_queryset(request).prefetch_related("domains")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for opening a tenant, or for changing one."""
        if not change:
            kwargs["form"] = OpenTenantForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A schema's name is given once."""
        return self.readonly_fields if obj else ()

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> Any:
        """The first host is part of opening a tenant; more of them come later."""
        return super().get_inline_instances(request, obj) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """From a tenant's own page only, where its name is asked for."""
        return obj is not None and super().has_delete_permission(request, obj)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask for the tenant's name, delete it, and lead to the receipt."""
        tenant = self.get_object(request, object_id)
        if tenant is None:
            raise Http404
        if not self.has_delete_permission(request, tenant):
            raise PermissionDenied
        refusal = ""
        if request.method == "POST":
            try:
                receipt = delete_tenant(tenant.pk, request.POST.get("name", ""), by=request.user.get_username())
            except AtriumError as error:
                refusal = error.detail
            else:
                self.message_user(request, f"{tenant.name} is deleted. This is the receipt.", messages.SUCCESS)
                name = f"{self.admin_site.name}:tenants_erasurereceipt_change"
                return HttpResponseRedirect(reverse(name, args=[receipt.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Delete {tenant.name}",
            "tenant": tenant,
            "refusal": refusal,
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, self.delete_template, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Open the tenant, or store its name."""
        if change:
            if "name" in form.changed_data:
                adopt(obj, rename_tenant(obj.pk, obj.name))
            super().save_model(request, obj, form, change)  # and with it, what was pressed
            return
        given = form.cleaned_data
        owner = FirstOwner(given["owner_username"], given["owner_email"], given["owner_password"])
        adopt(obj, open_tenant(obj.schema_name, obj.name, given["host"], owner))

    @display(
        description="Status",
        label={"Active": "success", "Suspended": "danger", "Archived": "warning"},
        ordering="status",
    )
    def state(self, tenant: Tenant) -> str:
        """The status, coloured."""
        return tenant.get_status_display()

    @display(description="Host")
    def host(self, tenant: Tenant) -> str:
        """The primary host, and how many there are besides."""
        hosts = sorted(tenant.domains.all(), key=lambda domain: not domain.is_primary)
        if not hosts:
            return "none"
        return hosts[0].domain + (f" and {len(hosts) - 1} more" if len(hosts) > 1 else "")

    @action(description="Suspend: nobody gets in, nothing is lost")
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Suspend the chosen tenants."""
        self.do_to_each(request, tenants, lambda tenant: suspend_tenant(tenant.pk), "Suspended")

    @action(description="Resume")
    def resume(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Resume the chosen tenants."""
        self.do_to_each(request, tenants, lambda tenant: resume_tenant(tenant.pk), "Resumed")

    @action(description="Archive: as suspended, and put away")
    def archive(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Archive the chosen tenants."""
        self.do_to_each(request, tenants, lambda tenant: archive_tenant(tenant.pk), "Archived")

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """What can be done now."""
        active = Tenant.objects.filter(pk=object_id, status=Tenant.Status.ACTIVE).exists()
        fitting = {"suspend_this", "archive_this"} if active else {"resume_this"}
        if Domain.objects.filter(tenant_id=object_id).exclude(waiting_token="").exists():
            fitting.add("check_hosts")
        found = super().get_actions_submit_line(request, object_id)
        return [each for each in found if any(each.action_name.endswith(name) for name in fitting)]

    @action(description="Suspend", icon="pause_circle")
    def suspend_this(self, request: HttpRequest, tenant: Tenant) -> None:
        """Suspend the tenant that is shown."""
        adopt(tenant, suspend_tenant(tenant.pk))

    @action(description="Resume", icon="play_circle")
    def resume_this(self, request: HttpRequest, tenant: Tenant) -> None:
        """Resume the tenant that is shown."""
        adopt(tenant, resume_tenant(tenant.pk))

    @action(description="Archive", icon="archive")
    def archive_this(self, request: HttpRequest, tenant: Tenant) -> None:
        """Archive the tenant that is shown."""
        adopt(tenant, archive_tenant(tenant.pk))

    @action(description="Check waiting hosts", icon="travel_explore")
    def check_hosts(self, request: HttpRequest, tenant: Tenant) -> None:
        """Ask each host that waits for its token."""
        port = request.get_host().rpartition(":")[2]
        for row in tenant.domains.exclude(waiting_token=""):
            try:
                hosts.verify_host(tenant.pk, row.domain, port=int(port) if port.isdigit() else None)
                self.message_user(request, f"{row.domain} is verified.", messages.SUCCESS)
            except AtriumError as error:
                self.message_user(request, error.detail, messages.ERROR)
