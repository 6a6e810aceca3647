"""Operations of the API say which scope they need; a key without it is refused before the operation begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback

from tenants.api.auth import actor_of
from tenants.scopes import ORDINARY, SCOPES, check_scope

View = TypeVar("View", bound=Callable[..., Any])

IN_DOCUMENT = "x-scope"
"""Where the OpenAPI document names an operation's scope."""


def needs_scope(scope: str) -> Callable[[View], View]:
    """Declare the scope of an operation: goes between the router's decorator and the function."""
    if scope not in SCOPES:
        raise ValueError(f"There is no scope {scope}.")

    def declare(view: View) -> View:
        contribute_operation_callback(view, lambda operation: _require(operation, scope))
        return view

    return declare


def close_undeclared(api: NinjaAPI) -> None:
    """Let only unlimited keys use operations that declare no scope: a project's own, on an API that it makes itself.

    To be called when all routers are added.
    """
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                if IN_DOCUMENT not in (operation.openapi_extra or {}):
                    _check_first(operation, ORDINARY)


def _require(operation: Operation, scope: str) -> None:
    operation.openapi_extra = {**(operation.openapi_extra or {}), IN_DOCUMENT: scope}
    _check_first(operation, (scope,))


def _check_first(operation: Operation, scopes: Iterable[str]) -> None:
    view = operation.view_func

    @wraps(view)
    async def asynchronous(request: Any, *args: Any, **values: Any) -> Any:
        check_scope(actor_of(request), scopes)
        return await view(request, *args, **values)

    @wraps(view)
    def synchronous(request: Any, *args: Any, **values: Any) -> Any:
        check_scope(actor_of(request), scopes)
        return view(request, *args, **values)

    operation.view_func = asynchronous if operation.is_async else synchronous
