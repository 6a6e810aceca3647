"""The API's OpenAPI document, completed with what every operation may answer: a problem."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema

from assistants.api.schemas import Problem

PROBLEM = {
    "description": "Refused, or failed: `code` says why.",
    "content": {"application/problem+json": {"schema": {"$ref": REF_TEMPLATE.format(model=Problem.__name__)}}},
}


class DocumentedAPI(NinjaAPI):
    """A ``NinjaAPI`` whose document tells of problems: ninja itself knows no error responses that all share."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """Ninja's document with a ``default`` response for each operation."""
        document = super().get_openapi_schema(**kwargs)
        problem = Problem.model_json_schema(ref_template=REF_TEMPLATE, mode="serialization")
        schemas = document["components"]["schemas"]
        schemas |= {**problem.pop("$defs", {}), Problem.__name__: problem}
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].setdefault("default", PROBLEM)
        return document
