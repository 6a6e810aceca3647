"""The rows of the ground floor."""

from tenants.models.access_rule import AccessRule
from tenants.models.api_key import ApiKey
from tenants.models.attempts import Attempts
from tenants.models.audit_entry import AuditEntry
from tenants.models.budget import Budget, BudgetCounter, BudgetReservation, PlatformBudget
from tenants.models.erasure_receipt import ErasureReceipt
from tenants.models.invitation import Invitation
from tenants.models.member_group import MemberGroup
from tenants.models.operator_key import OperatorKey
from tenants.models.plan import ModelPrice, Plan
from tenants.models.provider_credential import ProviderCredential
from tenants.models.rate_limit import RateBucket, RateLimit
from tenants.models.schema_template import SchemaTemplate
from tenants.models.tenant import Domain, Tenant
from tenants.models.user import User
from tenants.models.visitor import Visitor

__all__ = [
    "AccessRule",
    "ApiKey",
    "Attempts",
    "AuditEntry",
    "Budget",
    "BudgetCounter",
    "BudgetReservation",
    "Domain",
    "ErasureReceipt",
    "Invitation",
    "MemberGroup",
    "ModelPrice",
    "OperatorKey",
    "Plan",
    "PlatformBudget",
    "ProviderCredential",
    "RateBucket",
    "RateLimit",
    "SchemaTemplate",
    "Tenant",
    "User",
    "Visitor",
]
