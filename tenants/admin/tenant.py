"""The operators' pages about tenants and their hosts."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from tenants.admin.base import UseCaseAdmin, adopt, moment_column
from tenants.models import Domain, Tenant
from tenants.use_cases.tenants import FirstOwner, open_tenant, resume_tenant, suspend_tenant

HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
HOST_HELP = "Without scheme, port or path, for example chat.example.com. It must be among ATRIUM_ALLOWED_HOSTS."


def clean_host(host: str) -> str:
    """The host name in the form in which it is looked up. Raises ``ValidationError``."""
    host = host.strip().lower().rstrip(".")
    if not HOST_NAME.fullmatch(host):
        raise forms.ValidationError("Give a host name such as chat.example.com, without scheme, port or path.")
    if host == settings.ATRIUM_PUBLIC_HOST:
        raise forms.ValidationError("This host is the operators' own.")
    return host


class DomainForm(forms.ModelForm):
    """A host name, in the form in which it is looked up."""

    class Meta:
        model = Domain
        fields = ("domain", "is_primary")
        labels: ClassVar = {"domain": "Host name", "is_primary": "Primary"}

    def clean_domain(self) -> str:
        """Lower case, and a host name."""
        return clean_host(self.cleaned_data["domain"])


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


class DomainInline(TabularInline):
    """A tenant's hosts."""

    model = Domain
    form = DomainForm
    formset = HostFormSet
    extra = 0
    verbose_name, verbose_name_plural = "host", "hosts"
    hide_title = True


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
    """Tenants: opened, renamed, given hosts, suspended and resumed. What is inside them is theirs."""

    list_display = ("name", "state", "host", "schema_name", "opened")
    list_display_links = ("name",)
    list_filter = ("status",)
    search_fields = ("name", "schema_name", "domains__domain")
    readonly_fields = ("schema_name", "state", "opened")
    actions = ("suspend", "resume")
    actions_submit_line = ("suspend_this", "resume_this")
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
    fieldsets = ((None, {"fields": ("name", ("state", "schema_name", "opened"))}),)
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
        """A tenant is suspended, and its data kept."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Open the tenant, or store its name."""
        if change:
            super().save_model(request, obj, form, change)
            return
        given = form.cleaned_data
        owner = FirstOwner(given["owner_username"], given["owner_email"], given["owner_password"])
        adopt(obj, open_tenant(obj.schema_name, obj.name, given["host"], owner))

    @display(description="Status", label={"Active": "success", "Suspended": "danger"}, ordering="status")
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

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> Any:
        """Suspend or resume, whichever can be done."""
        active = Tenant.objects.filter(pk=object_id, status=Tenant.Status.ACTIVE).exists()
        fitting = "suspend_this" if active else "resume_this"
        found = super().get_actions_submit_line(request, object_id)
        return [each for each in found if each.action_name.endswith(fitting)]

    @action(description="Suspend", icon="pause_circle")
    def suspend_this(self, request: HttpRequest, tenant: Tenant) -> None:
        """Suspend the tenant that is shown."""
        adopt(tenant, suspend_tenant(tenant.pk))

    @action(description="Resume", icon="play_circle")
    def resume_this(self, request: HttpRequest, tenant: Tenant) -> None:
        """Resume the tenant that is shown."""
        adopt(tenant, resume_tenant(tenant.pk))
