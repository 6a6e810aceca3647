"""The API of the public host: tenants, for operators."""

from __future__ import annotations

from assistants.api.documented import DocumentedAPI
from assistants.api.rendering import JSONRenderer
from tenants.api.audit import operator_router as audit
from tenants.api.operator import OPERATOR_AUTH, router
from tenants.api.refusals import answer_errors

operator_api = DocumentedAPI(
    title="Atrium, for operators",
    version="0.1.0",
    description="Tenants of one deployment. Sign in with an operator's session or an operator's key.",
    auth=OPERATOR_AUTH,
    urls_namespace="operator_api",
    renderer=JSONRenderer(),
)
answer_errors(operator_api)
operator_api.add_router("", router)
operator_api.add_router("", audit)
