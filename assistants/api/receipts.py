"""What the API shows of a receipt. What an older receipt does not have is empty, or null."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from assistants.api.schemas import Key, Sent


class ReceiptAssistant(Sent):
    """Who answered. Its version is its developer's, or a hash of its source."""

    id: str = ""
    version: str = ""


class ReceiptRule(Sent):
    """The access rule that allowed it, as it was then."""

    id: int
    effect: Literal["allow", "deny"]
    text: str


class ReceiptPassage(Sent):
    """A passage that the model was given, cited or not."""

    number: int | None = None
    document_id: str | None = None
    version: int | None = Field(None, description="The version of the document that was read.")
    chunk_id: int | str | None = None
    chunk_ids: list[int | str] = Field(default_factory=list, description="All chunks that it is made of.")
    title: str = ""
    heading: str = ""
    page: int | None = None
    start: int | None = Field(None, description="Where it stands in the document's text, in characters.")
    end: int | None = Field(None, description="The first character after it.")
    score: float | None = None
    call_id: str = Field("", description="The tool call that found it; empty: found before the model was asked.")
    sha256: str = Field("", description="Of the passage's text in UTF-8.")


class ReceiptToolCall(Sent):
    """A tool call: what the tool was given and what the model was told of it."""

    call_id: str = ""
    name: str = ""
    arguments: Any = Field(None, description="An object; text, where the model's were none.")
    result: str | None = Field(None, description="At most 4,000 characters. Null: there was no answer.")
    status: Literal["completed", "failed", "refused", ""] = Field(
        "", description="`refused`: by a person. Empty: it did not come to an end."
    )
    error_type: str = ""


class ReceiptStep(Sent):
    """A step of the run. Times are milliseconds since the run began, without the time that it waited."""

    kind: Literal["prepare", "search", "model", "tool", "wait", "store"]
    start_ms: float
    ms: float | None = Field(None, description="Null: it did not come to an end, or (`store`) has no length.")
    query: str | None = Field(None, description="`search`: what was searched for: the question, or a rewritten one.")
    found: int | None = Field(None, description="`search`: how many passages.")
    purpose: Literal["rewrite", "answer", "tool"] | None = Field(
        None, description="`model`: to rewrite the question, to answer, or for an assistant that is a tool."
    )
    model: str | None = None
    first_token_ms: float | None = Field(None, description="`model`: since the step began.")
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    call_id: str | None = None
    name: str | None = Field(None, description="`tool`: its name.")
    error_type: str = Field(
        "", description="What kind of failure ended it; `given_up`: the call was not left to its end."
    )


class ReceiptTokens(Sent):
    """Tokens of all model calls together."""

    in_: int = Field(0, alias="in", serialization_alias="in")
    out: int = 0
    cached: int = 0


class ReceiptPrice(Sent):
    """US dollars for a million tokens, as text."""

    in_: str = Field(alias="in", serialization_alias="in")
    out: str
    cached_in: str


class ReceiptCost(Sent):
    """What it cost."""

    amount: str | None = Field(None, description="Null: a price is not known, or the provider told no tokens.")
    currency: str = "USD"
    prices: dict[str, ReceiptPrice] = Field(default_factory=dict, description="By the model's name.")


class ReceiptOut(Sent):
    """What an answer rests on."""

    run_id: Key
    status: Literal["queued", "running", "waiting", "completed", "failed", "cancelled"]
    assistant: ReceiptAssistant = Field(default_factory=ReceiptAssistant)
    rule: ReceiptRule | None = None
    model: str = ""
    prompt_hash: str = Field("", description="SHA-256 of the system prompt, before passages.")
    passages: list[ReceiptPassage] = Field(default_factory=list)
    removed_markers: int = Field(0, description="Citations of passages that there were not, taken out of the answer.")
    grounding: Literal["cited", "tool", "no_passages", "no_citation", ""] = Field(
        "", description="On what a grounded answer rests, or why there is none. Empty: it was not asked for."
    )
    tool_calls: list[ReceiptToolCall] = Field(default_factory=list)
    steps: list[ReceiptStep] = Field(default_factory=list)
    decisions: dict[str, Any] = Field(default_factory=dict, description="On proposed tool calls, by the call's id.")
    first_token_ms: float | None = None
    total_ms: float | None = None
    tokens: ReceiptTokens = Field(default_factory=lambda: ReceiptTokens.model_validate({}))
    cost: ReceiptCost = Field(default_factory=lambda: ReceiptCost.model_validate({}))
