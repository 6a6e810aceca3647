"""The pages of a member's account: sign in, accept an invitation, choose a new password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import login, password_validation, views
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tenants.context import current_tenant
from tenants.links import reset_tokens
from tenants.lockout import address_of
from tenants.models import User
from tenants.sign_in import TellsLocked
from tenants.use_cases.invitations import InvitationGone, accept_invitation, read_invitation
from tenants.use_cases.passwords import ask_for_new_password, let_in_again


def tenant_name() -> str:
    """The name of the tenant whose page it is."""
    tenant = current_tenant()
    return tenant.name if tenant else ""


class _NamesTenant:
    """Puts ``tenant_name`` into the template's context."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The context."""
        return super().get_context_data(**kwargs, tenant_name=tenant_name())  # type: ignore[misc]


class SignInForm(TellsLocked, AuthenticationForm):
    """Django's form, which says when too many attempts were made."""


class SignIn(_NamesTenant, views.LoginView):
    """Django's sign-in, by user name or e-mail address."""

    authentication_form = SignInForm
    redirect_authenticated_user = True


# -- a new password


class _ResetForm(PasswordResetForm):
    """An e-mail address. Whether a member has it, nobody learns here."""

    def save(self, *, request: HttpRequest, **_: Any) -> None:  # type: ignore[override]
        """Have the link sent, by a job."""
        site = request.build_absolute_uri("/").rstrip("/")
        ask_for_new_password(self.cleaned_data["email"], address=address_of(request), site=site)


class ResetPassword(_NamesTenant, views.PasswordResetView):
    """Ask for a link to a new password."""

    form_class = _ResetForm
    template_name = "embed/reset_password.html"
    success_url = reverse_lazy("password_reset_done")


class ResetPasswordAsked(_NamesTenant, views.PasswordResetDoneView):
    """The same page for every address."""

    template_name = "embed/reset_password_asked.html"


class NewPassword(_NamesTenant, views.PasswordResetConfirmView):
    """Choose a new password, by the link of the e-mail. The token leaves the address bar at once."""

    token_generator = reset_tokens
    template_name = "embed/new_password.html"
    success_url = reverse_lazy("password_reset_complete")

    def form_valid(self, form: Any) -> HttpResponse:
        """Store the password, and forget wrong ones."""
        response = super().form_valid(form)
        assert isinstance(self.user, User)
        let_in_again(self.user, address_of(self.request))
        return response


class NewPasswordSet(_NamesTenant, views.PasswordResetCompleteView):
    """The way back to the sign-in."""

    template_name = "embed/new_password_set.html"


# -- invitations


class AcceptForm(forms.Form):
    """Who somebody is, and the password."""

    first_name = forms.CharField(max_length=150, widget=forms.TextInput(attrs={"autocomplete": "given-name"}))
    last_name = forms.CharField(
        max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    password = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))
    again = forms.CharField(
        label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean(self) -> dict[str, Any]:
        """Judge the password as everywhere else, also by the name and the address."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "password" not in given or "again" not in given:
            return given
        if given["password"] != given["again"]:
            self.add_error("again", "The two passwords are not alike.")
        names = {name: given.get(name, "") for name in ("first_name", "last_name")}
        try:
            password_validation.validate_password(given["password"], User(email=self._email, **names))
        except ValidationError as error:
            self.add_error("password", error)
        return given


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class AcceptInvitation(View):
    """Become a member, by the link of an invitation."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The form; or one page for whatever is wrong with the link."""
        try:
            invitation = read_invitation(token)
        except InvitationGone as error:
            return _gone(request, error)
        return _show(request, AcceptForm(email=invitation.email), invitation.email)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Make the member, and sign in."""
        try:
            email = read_invitation(token).email
            form = AcceptForm(request.POST, email=email)
            if not form.is_valid():
                return _show(request, form, email)
            given = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "password")}
            member = accept_invitation(token, **given)
        except InvitationGone as error:
            return _gone(request, error)
        login(request, member)
        return HttpResponseRedirect("/")


def _show(request: HttpRequest, form: AcceptForm, email: str) -> HttpResponse:
    return render(request, "embed/accept_invitation.html", {"form": form, "email": email, "tenant_name": tenant_name()})


def _gone(request: HttpRequest, error: InvitationGone) -> HttpResponse:
    facts = {"problem": error.detail, "tenant_name": tenant_name()}
    return render(request, "embed/invitation_gone.html", facts, status=error.status)
