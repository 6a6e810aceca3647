"""The operators' HTTP on the public host: parse, call, return."""

from tenants.api.operator.auth import OPERATOR_AUTH
from tenants.api.operator.router import router

__all__ = ["OPERATOR_AUTH", "router"]
