"""The console pages of this app. They are registered on the sites above (atrium/consoles.py), not here."""

from tenants.admin.access_rule import AccessRuleAdmin
from tenants.admin.access_rule_form import TextWithSuggestions
from tenants.admin.api_key import ApiKeyAdmin
from tenants.admin.audit_log import AuditEntryAdmin
from tenants.admin.base import UseCaseAdmin, actor_in_console, adopt, moment_column, shorten
from tenants.admin.budget import BudgetAdmin, RateLimitAdmin
from tenants.admin.erasure_receipt import ErasureReceiptAdmin
from tenants.admin.invitation import InvitationAdmin
from tenants.admin.job import JobAdmin
from tenants.admin.member_group import MemberGroupAdmin
from tenants.admin.operator_key import OperatorKeyAdmin
from tenants.admin.paging import BoundedPaginator, UncountedPaginator
from tenants.admin.people import MemberAdmin, OperatorAdmin
from tenants.admin.plan import ModelPriceAdmin, NamesField, PlanAdmin, PlatformBudgetAdmin
from tenants.admin.provider_credential import ProviderCredentialAdmin
from tenants.admin.tenant import TenantAdmin

__all__ = [
    "AccessRuleAdmin",
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "BoundedPaginator",
    "BudgetAdmin",
    "ErasureReceiptAdmin",
    "InvitationAdmin",
    "JobAdmin",
    "MemberAdmin",
    "MemberGroupAdmin",
    "ModelPriceAdmin",
    "NamesField",
    "OperatorAdmin",
    "OperatorKeyAdmin",
    "PlanAdmin",
    "PlatformBudgetAdmin",
    "ProviderCredentialAdmin",
    "RateLimitAdmin",
    "TenantAdmin",
    "TextWithSuggestions",
    "UncountedPaginator",
    "UseCaseAdmin",
    "actor_in_console",
    "adopt",
    "moment_column",
    "shorten",
]
