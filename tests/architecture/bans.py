"""What code of ours must not do, as a check of its syntax tree.

Each ban has a way around the tenant's context behind it, or a habit that the design rules out
(docs/why/tenancy.md). A ban names the files that may: the one home of the thing that it bans.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

BACKEND = ("tenants/db_backend/",)
EXECUTORS = ("tenants/database.py", "tenants/sync_bridge.py")
ENVIRONMENT = ("platform/atrium/env.py",)

REGISTRY = (
    "assistants/assistants.py",
    "assistants/tenant_assistants.py",
    "assistants/tenant_tools.py",
    "assistants/use_cases/configure_assistants.py",
)

THREADS = {
    "threading.Thread",
    "threading.Timer",
    "_thread.start_new_thread",
    "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.thread.ThreadPoolExecutor",
    "multiprocessing.pool.ThreadPool",
    "multiprocessing.dummy.Pool",
}
BRIDGES = {f"asgiref.sync.{name}" for name in ("sync_to_async", "async_to_sync", "SyncToAsync", "AsyncToSync")}
ENVIRON = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb", "putenv", "unsetenv")}
ASYNC_ORM = {
    *("aaggregate", "abulk_create", "abulk_update", "acontains", "acount", "acreate", "adelete", "aearliest"),
    *("aexists", "aexplain", "afirst", "aget", "aget_or_create", "ain_bulk", "aiterator", "alast", "alatest"),
    *("aupdate", "aupdate_or_create", "asave", "arefresh_from_db", "aadd", "aclear", "aremove", "aset"),
    *("aget_object_or_404", "aget_list_or_404", "auser", "aauthenticate", "alogin", "alogout", "aget_user"),
}
# A function that runs with its owner's rights must name its path: its callers could else lay a trap in theirs.
OF_A_FUNCTION = re.compile(r"SECURITY DEFINER SET search_path = public, pg_temp")
SETS_THE_PATH = re.compile(
    r"\bset\s+(session\s+|local\s+)?(search_path|schema\b)|set_config\(\s*'search_path'", re.IGNORECASE
)


@dataclass(frozen=True)
class Found:
    """Something that is banned: where, and what to do instead."""

    path: str
    line: int
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.instead}"


class Module:
    """A module's syntax tree, with its names resolved to what they were imported as."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self._imported = dict(self._imports())

    def _imports(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    yield (name.asname, name.name) if name.asname else (name.name.split(".")[0],) * 2
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for name in node.names:
                    yield name.asname or name.name, f"{node.module}.{name.name}"

    def full_name(self, node: ast.AST) -> str:
        """``a.b.c`` of a name or an attribute, with an import's alias undone; "" for anything else."""
        if isinstance(node, ast.Name):
            return self._imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.full_name(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    def uses_of(self, names: set[str]) -> Iterator[ast.AST]:
        """Where one of the names is imported from its module, or used through it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                used = {f"{node.module}.{each.name}" for each in node.names}
            else:
                used = {self.full_name(node)} if isinstance(node, ast.Attribute) else set()
            if used & names:
                yield node

    def texts(self) -> Iterator[ast.Constant]:
        """String constants, parts of f-strings included, docstrings left out."""
        for node in ast.walk(self.tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and not isinstance(self.parents[node], ast.Expr):
                yield node


def _raw_connection(module: Module) -> Iterator[ast.AST]:
    """Django's wrapper has the driver's connection as ``connection``; to ask whether it is None harms nobody."""
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Attribute) and node.attr == "connection"):
            continue
        owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
        owner_name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if owner_name in ("connection", "connections") and not _is_compared_with_none(module.parents[node]):
            yield node


def _is_compared_with_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and all(
        isinstance(operator, ast.Is | ast.IsNot) and isinstance(other, ast.Constant) and other.value is None
        for operator, other in zip(node.ops, node.comparators, strict=True)
    )


def _search_path(module: Module) -> Iterator[ast.AST]:
    return (text for text in module.texts() if SETS_THE_PATH.search(OF_A_FUNCTION.sub("", text.value)))


def _threads(module: Module) -> Iterator[ast.AST]:
    yield from module.uses_of(THREADS)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in ("run_in_executor", "set_default_executor"):
            yield node


def _tenant_as_context_manager(module: Module) -> Iterator[ast.AST]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if _is_a_tenant(item.context_expr):
                    yield item.context_expr


def _is_a_tenant(node: ast.AST) -> bool:
    """A name that ends in "tenant", or a row that is fetched: ``Tenant(...)``, ``Tenant.objects.get(...)``."""
    if isinstance(node, ast.Call):
        return any(isinstance(each, ast.Name) and each.id == "Tenant" for each in ast.walk(node.func))
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name.lower().endswith("tenant")


def _async_orm(module: Module) -> Iterator[ast.AST]:
    return (node for node in ast.walk(module.tree) if _is_async_orm(node))


def _is_async_orm(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ASYNC_ORM
    if isinstance(node, ast.ImportFrom):
        return any(each.name in ASYNC_ORM for each in node.names)
    if isinstance(node, ast.AsyncFor) or (isinstance(node, ast.comprehension) and node.is_async):
        return any(isinstance(each, ast.Attribute) and each.attr == "objects" for each in ast.walk(node.iter))
    return False


def _registry(module: Module) -> Iterator[ast.AST]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in ("get_cls", "get_cls_registry"):
            yield node


@dataclass(frozen=True)
class Ban:
    """A thing not to do, who may all the same, and what to do instead."""

    find: Callable[[Module], Iterator[ast.AST]]
    homes: tuple[str, ...]
    instead: str


BANS = {
    "raw connection": Ban(
        _raw_connection, BACKEND, "the driver's connection knows no tenant: use connection.cursor() of django.db"
    ),
    "search path": Ban(_search_path, BACKEND, "only the backend sets the search path: use tenant_context(...)"),
    "thread": Ban(_threads, EXECUTORS, "a bare thread has no tenant: use in_database or in_thread"),
    "with tenant": Ban(_tenant_as_context_manager, (), "django-tenants' own: use tenant_context(tenant.as_ref())"),
    "sync_to_async": Ban(lambda module: module.uses_of(BRIDGES), (), "its threads keep connections: use in_database"),
    "registry": Ban(_registry, REGISTRY, "it knows no tenant's assistants: ask assistants/tenant_assistants.py"),
    "environment": Ban(lambda module: module.uses_of(ENVIRON), ENVIRONMENT, "declare it in platform/atrium/env.py"),
    "async ORM": Ban(_async_orm, (), "it holds a thread and a connection: await in_database(a plain function)"),
}


def broken_bans(path: str, source: str) -> list[tuple[str, Found]]:
    """The bans that the module at ``path`` (from the project's folder) breaks, each with where."""
    module = Module(source)
    return [
        (name, Found(path, getattr(node, "lineno", 0), ban.instead))  # a comprehension has no line
        for name, ban in BANS.items()
        if not path.startswith(ban.homes or "\0")
        for node in ban.find(module)
    ]


def is_nameless(path: str) -> bool:
    """True for a file whose name does not say what it does."""
    return PurePosixPath(path).name in ("utils.py", "helpers.py", "common.py", "misc.py")
