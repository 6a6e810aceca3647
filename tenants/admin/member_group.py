"""Groups of members in a tenant's console."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.decorators import display

from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt
from tenants.admin.member_field import members_field
from tenants.errors import AtriumError
from tenants.models import AccessRule, MemberGroup
from tenants.use_cases.groups import create_group, delete_group, rename_group, rules_about, set_group_members


class MemberGroupForm(forms.ModelForm):
    """A group's name, and who is in it."""

    members = forms.Field(required=False)  # as the tenant's size wants it

    class Meta:
        model = MemberGroup
        fields = ("name",)
        help_texts: ClassVar = {"name": "As access rules name it. It gives no rights of its own."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" in self.fields:  # not for somebody who only looks
            self.fields["members"] = members_field()
            self.fields["members"].initial = self.instance.user_set.order_by("username") if self.instance.pk else None


class MemberGroupAdmin(UseCaseAdmin):
    """Groups, for access rules to name. Roles are not among them."""

    form = MemberGroupForm
    list_display = ("name", "member_count", "rule_count")
    search_fields = ("name",)
    fieldsets = ((None, {"fields": ("name", "members")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MemberGroup]:
        """Groups with the number of their members, and of the rules that name them."""
        rules = AccessRule.objects.filter(group=OuterRef("pk")).order_by().values("group")
        counted = Subquery(rules.annotate(number=Count("*")).values("number"), output_field=IntegerField())
        return super().get_queryset(request).annotate(members_in_it=Count("user"), rules_of_it=Coalesce(counted, 0))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Make the group; or store its name and its members."""
        actor, member_ids = actor_in_console(request), [user.pk for user in form.cleaned_data["members"]]
        if not change:
            adopt(obj, create_group(actor, obj.name, member_ids))
            return
        rename_group(actor, obj.pk, obj.name)
        set_group_members(actor, obj.pk, member_ids)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The groups alone; rules that name one of them stand in the way, and the page says which."""
        rules = [str(rule) for group in objs for rule in rules_about(group)]
        names = [str(group) for group in objs]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), rules

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the group. A rule that came to name it meanwhile keeps it."""
        try:
            delete_group(actor_in_console(request), obj.pk)
        except AtriumError as error:
            self.message_user(request, error.detail, messages.ERROR)

    @display(description="Members", ordering="members_in_it")
    def member_count(self, group: Any) -> int:
        """How many are in it."""
        return group.members_in_it

    @display(description="Access rules")
    def rule_count(self, group: Any) -> str:
        """How many name it."""
        return str(group.rules_of_it or "none")
