"""The canary's table: what an outsider sends to each operation, page, job, tool and retriever.

Who adds one of them adds a line here; tests/architecture/test_isolation_entries.py names what is missing. "{thread}"
stands for the id of a thread: the walk (tests/integration/atrium/test_isolation.py) asks once with the id of another
tenant's row in its place and once with one that nobody has, and both must be answered alike, with 401, 403 or 404. The
kinds of ids are made in tests/isolation/world.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """What is sent to an operation beside its path, so that it is refused for the id and for nothing else.

    ``query`` and ``body`` hold plain values, and ids as "{kind}"; ``files`` are sent instead of it. ``also``: further
    statuses that a foreign id may get, with the reason: a filter that finds nothing (200), a cursor that nobody has
    (422). They are the same for an id that nobody has, and what is sent back holds nothing of another tenant's.
    """

    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    also: frozenset[int] = frozenset()
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    def sent(self, body: Any) -> Mapping[str, Any]:
        """The body for an HTTP client: JSON, or the files."""
        return {"files": self.files} if self.files else {"json": body}


FIELD = frozenset({422})
"""A field of the body names nothing that is there: its error says so."""


def finds_nothing(**query: Any) -> Entry:
    """For lists: a filter by a foreign id finds nothing; a cursor is unknown."""
    return Entry(query=query, also=frozenset({200, 422}))


IN_PATH: Mapping[str, str] = {
    "assistant_id": "assistant",
    "chunk_id": "chunk",
    "collection_id": "collection",
    "document_id": "document",
    "group_id": "group",
    "host": "host",
    "invitation_id": "invitation",
    "key_id": "key",
    "member_id": "member",
    "message_id": "message",
    "number": "citation",
    "model_id": "assistant",
    "provider_id": "provider",
    "receipt_id": "receipt",
    "run_id": "run",
    "schema_name": "schema",
    "site_id": "site",
    "thread_id": "thread",
}
"""The kind of id that stands in a place of a path of an API."""

NO_IDS = frozenset(
    (
        *("address", "api_key", "base_url", "chat_model", "embedding_model", "embedding_dimension"),
        *(
            "action",
            "address",
            "args",
            "base",
            "by",
            "comment",
            "confirmed",
            "content",
            "decision",
            "decisions",
            "description",
        ),
        *("email", "enabled", "expires_at", "first_name", "format", "from", "host", "instructions", "is_active"),
        *("knowledge", "last_name", "limit", "mode", "model", "name", "offset", "order", "owner", "password", "query"),
        *("reason", "role", "roles", "schema_name", "scopes", "search", "since", "starter_questions", "status"),
        *(
            "chunk_tokens",
            "file",
            "files",
            "filter",
            "grounded",
            "language",
            "media_type",
            "metadata",
            "overlap_tokens",
            "source",
            "url",
            "join",
            "min_score",
            "stream",
            "target_kind",
            "temperature",
            "text",
            "thumb",
            "title",
            "to",
            "tools",
            "unsupported_answer",
            "until",
            "username",
        ),
    )
)
"""Names of query parameters and fields that never hold an id of a tenant's row."""

ASK = {"assistant_id": "docs_assistant", "content": "Hello?"}
DECIDED = {"decisions": [{"call_id": "call_1", "decision": "approve"}]}

MADE = {"base": "general", "name": "mine", "instructions": "Answer."}

OPERATIONS: Mapping[str, Entry] = {
    # -- assistants/api
    "ai_list_assistants": Entry(),
    "ai_get_assistant": Entry(),
    "ai_list_threads": finds_nothing(assistant_id="{assistant}", after="{thread}"),
    "ai_create_thread": Entry(body={"name": "mine", "assistant_id": "{assistant}"}),
    "ai_get_thread": Entry(),
    "ai_update_thread": Entry(body={"name": "mine", "assistant_id": "{assistant}"}),
    "ai_delete_thread": Entry(),
    "ai_list_thread_messages": finds_nothing(after="{message}"),
    "ai_create_thread_message": Entry(body={**ASK, "assistant_id": "{assistant}"}),
    "ai_delete_thread_message": Entry(),
    "ai_list_tool_calls": Entry(),
    "ai_open_citation": Entry(),
    "ai_list_runs": finds_nothing(after="{run}"),
    "ai_create_run": Entry(body={**ASK, "assistant_id": "{assistant}", "mode": "wait"}),
    "ai_get_run": Entry(),
    "ai_get_receipt": Entry(),
    "ai_follow_run": Entry(query={"after": 0}),
    "ai_cancel_run": Entry(),
    "ai_regenerate_run": Entry(body={"mode": "wait"}),
    "ai_list_run_variants": Entry(),
    "ai_show_run": Entry(),
    "ai_give_feedback": Entry(body={"thumb": "up"}),
    "ai_take_feedback_back": Entry(),
    "ai_decide_run": Entry(body=DECIDED),
    "get_usage": Entry(),
    "explain_access": Entry(
        query={
            "action": "assistant.run",
            "actor": "member:{member}",
            "assistant": "{assistant}",
            "resource": "{collection}",
        },
        also=frozenset({200}),  # a collection that is not there is one about which no rule speaks
    ),
    "preview_access_rule": Entry(
        body={
            **{"rule_id": "{rule}", "group_id": "{group}", "member_id": "{member}", "api_key_id": "{key}"},
            **{"assistant_id": "{assistant}", "resource": "{collection}", "action": "collection.read"},
            **{"effect": "deny", "audience": "member", "site_id": "", "starts_at": None, "ends_at": None},
            **{"attribute": "", "attribute_value": ""},
            **{"runs_per_minute": None, "tokens_per_day": None},
        },
        also=FIELD,
    ),
    "list_configurable_assistants": Entry(),
    "get_configurable_assistant": Entry(),
    "get_assistant_choices": Entry(),
    "create_assistant": Entry(body={**MADE, "knowledge": "chosen", "collections": ["{collection}"]}, also=FIELD),
    "adjust_assistant": Entry(body={"knowledge": "chosen", "collections": ["{collection}"]}, also=FIELD),
    "delete_assistant": Entry(),
    "try_assistant": Entry(
        body={
            "content": "Hello?",
            "thread_id": "{thread}",
            "settings": {"knowledge": "chosen", "collections": ["{collection}"]},
        },
        also=FIELD,
    ),
    # -- embed/api
    "examine_page": Entry(body={"address": "https://www.example.com/"}),
    # -- rag/api
    "list_collections": finds_nothing(after="{collection}"),
    "create_collection": Entry(body={"name": "mine"}),
    "get_collection": Entry(),
    "update_collection": Entry(body={"name": "mine"}),
    "reprocess_collection": Entry(),
    "delete_collection": Entry(),
    "add_document": Entry(body={"text": "mine"}),
    "upload_documents": Entry(files={"files": ("mine.md", b"mine")}),
    "get_document": Entry(),
    "update_document": Entry(body={"title": "mine"}),
    "delete_document": Entry(),
    "replace_document": Entry(files={"file": ("mine.md", b"mine")}),
    "reprocess_document": Entry(),
    "cancel_document": Entry(),
    "list_chunks": Entry(),
    "download_document": Entry(),
    # A list of refusals, one for each id: the same as for an id that nobody has.
    "delete_documents": Entry(body={"ids": ["{document}"]}, also=frozenset({200})),
    "reprocess_documents": Entry(body={"ids": ["{document}"]}, also=frozenset({200})),
    "search_collections": Entry(body={"query": "canary", "collection_ids": ["{collection}"]}),
    "get_embedding_model": Entry(),
    "change_embedding_model": Entry(body={"model": "mine"}),
    "list_documents": finds_nothing(collection_id="{collection}", after="{document}"),
    "get_passage": Entry(),
    # -- tenants/api
    "list_members": Entry(),
    "update_member": Entry(body={"is_active": True}),
    "list_groups": Entry(),
    "create_group": Entry(body={"name": "mine", "member_ids": ["{member}"]}, also=FIELD),
    "rename_group": Entry(body={"name": "mine"}),
    "delete_group": Entry(),
    "list_group_members": Entry(),
    "set_group_members": Entry(body={"member_ids": ["{member}"]}, also=FIELD),
    "add_group_member": Entry(),
    "remove_group_member": Entry(),
    "list_invitations": Entry(),
    "create_invitation": Entry(body={"email": "new@example.com", "role": "Member"}),
    "resend_invitation": Entry(),
    "withdraw_invitation": Entry(),
    "list_keys": Entry(),
    "create_key": Entry(
        body={"name": "new", "scopes": ["chat"], "member_id": "{member}", "assistants": ["docs_assistant"]},
        also=FIELD,  # the names of assistants are stored as they are, and looked up when the key is used
    ),
    "revoke_key": Entry(),
    "list_providers": Entry(),
    "create_provider": Entry(body={"name": "mine", "base_url": "https://models.example.com/v1", "api_key": "k"}),
    "replace_provider": Entry(body={"name": "mine"}),
    "delete_provider": Entry(),
    "test_provider": Entry(),
    "list_audit_entries": finds_nothing(target_id="{thread}", after="{audit_entry}", actor="canary-acme"),
    "export_audit_log": finds_nothing(target_id="{thread}", actor="canary-acme"),
}
"""By operationId of docs/reference/openapi.json."""

OPENAI: Mapping[str, Entry] = {
    "GET /v1/models": Entry(),
    "GET /v1/models/{model_id}": Entry(),
    "POST /v1/chat/completions": Entry(
        body={"model": "{assistant}", "messages": [{"role": "user", "content": "Hello?"}]}
    ),
}
"""By method and path of the OpenAI-compatible face."""

OPERATOR: Mapping[str, Entry] = {
    "operator_list_tenants": Entry(),
    "operator_create_tenant": Entry(body={"schema_name": "mine", "name": "Mine", "host": "mine.localhost"}),
    "operator_get_tenant": Entry(),
    "operator_rename_tenant": Entry(body={"name": "Mine"}),
    "operator_delete_tenant": Entry(query={"name": "Acme"}),
    "operator_suspend_tenant": Entry(),
    "operator_resume_tenant": Entry(),
    "operator_archive_tenant": Entry(),
    "operator_add_host": Entry(body={"host": "mine.localhost"}),
    "operator_verify_host": Entry(body={"confirmed": True}),
    "operator_remove_host": Entry(),
    "operator_list_receipts": Entry(),
    "operator_get_receipt": Entry(),
    "operator_list_audit_entries": finds_nothing(target_id="{schema}", after="{audit_entry}", actor="operator"),
    "operator_export_audit_log": finds_nothing(target_id="{schema}", actor="operator"),
}
"""By operationId of docs/reference/openapi-operator.json. No tenant's key or session opens any of them."""

MODELS: Mapping[str, str] = {
    "assistants.Thread": "thread",
    "assistants.Run": "run",
    "assistants.ConfiguredAssistant": "assistant",
    "rag.Document": "document",
    "rag.Collection": "collection",
    "tenants.User": "member",
    "tenants.MemberGroup": "group",
    "tenants.Invitation": "invitation",
    "tenants.ApiKey": "key",
    "tenants.AccessRule": "rule",
    "tenants.Budget": "budget",
    "tenants.RateLimit": "rate_limit",
    "tenants.AuditEntry": "audit_entry",
    "tenants.ProviderCredential": "provider",
    "embed.Site": "site",
    "example.Issue": "issue",
}
"""The kind of id that the tenant console's pages about rows of a model have."""

PAGES: Mapping[str, Mapping[str, str]] = {
    "accounts/invitation/{token}/": {"token": "invitation_token"},
    "accounts/password/{uidb64}/{token}/": {"uidb64": "reset_uid", "token": "reset_token"},
    "admin/assistants/configuredassistant/playground-run/{run_id}/": {"run_id": "run"},
    "admin/r/{content_type_id}/{object_id}/": {"content_type_id": "content_type", "object_id": "thread"},
    "admin/tenants/auditentry/export/{how}/": {"how": "file_format"},
    "admin/{app_label}/": {"app_label": "app"},
    "embed/page/{key}/": {"key": "site_key"},
    "admin/{url}": {"url": "nowhere"},
}
"""Addresses of a tenant's host with places in them, other than the console's pages about one row: the kind of id in
each place. Pages without a place are walked without an entry."""

ALL_TENANTS = None

JOBS: Mapping[str, Mapping[str, Any] | None] = {
    "assistants.forget": {},
    "assistants.forget_for_each_tenant": ALL_TENANTS,
    "assistants.tally": ALL_TENANTS,
    "embed.forget": {},
    "embed.forget_for_each_tenant": ALL_TENANTS,
    "rag.build_vector_index": {"model": "of nobody", "dimension": 8},
    "rag.ingest_document": {"document_id": "{document}"},
    "rag.reembed_collection": {"collection_id": "{collection}"},
    "rag.remove_collection": {"collection_id": "{collection}"},
    "tenants.forget_audit": {},
    "tenants.forget_audit_for_each_tenant": ALL_TENANTS,
    "tenants.forget_old_counters": ALL_TENANTS,
    "tenants.forget_operators_audit": ALL_TENANTS,
    "tenants.send_invitation": {"invitation_id": "{invitation}", "site": "http://globex.localhost"},
    "tenants.send_operators_password_resets": ALL_TENANTS,  # operators' rows, on the public host
    "tenants.send_password_resets": {"user_ids": ["{member}"], "site": "http://globex.localhost"},
    "tenants.warn_of_budget": ALL_TENANTS,  # queued by the database, with a counter of all tenants' table
}
"""The arguments of each job, which is run for one tenant with another's ids; ALL_TENANTS for those that take no id of a
tenant's row, and work for each tenant in its own context or on the operators' tables."""

TOOLS: Mapping[str, Mapping[str, Any]] = {
    "issue_tracker.list_issues": {},
    "issue_tracker.get_issue": {"number": "{issue}"},
    "issue_tracker.create_issue": {"title": "mine"},
    "issue_tracker.assign_issue": {"number": "{issue}", "username": "owner"},
    "issue_tracker.close_issue": {"number": "{issue}"},
    "issue_tracker.delete_issue": {"number": "{issue}"},
}
"""The arguments of each tool, as ``assistant.tool``."""

RETRIEVERS: Mapping[str, Mapping[str, Any]] = {
    "rag.retriever.TenantRetriever": {"collection_ids": ["{collection}"]},
}
"""What narrows each kind of retriever to another tenant's rows."""
