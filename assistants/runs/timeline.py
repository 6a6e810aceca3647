"""The steps of a turn while it runs: what began when, and how long it took.

Times are milliseconds since the run began, by a clock that never goes back. Recording is a few dictionary writes a
step and nothing for a piece of text, so it does not slow a turn.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from langchain_core.documents import Document
from langchain_core.messages import ToolMessage

from assistants.citing.citations import passage_as_json, whole
from assistants.messages import text_of

StepKind = Literal["prepare", "search", "model", "tool", "wait", "store"]
Step = dict[str, Any]
LONGEST_RESULT = 4_000  # characters of a tool's answer that are kept; the thread's message has all of it


class Timeline:
    """One turn's steps, in the order in which they began, and what they brought.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._zero = clock()
        self.steps: list[Step] = []
        self.tool_calls: list[dict[str, Any]] = []
        self.passages: list[dict[str, Any]] = []
        self.removed_markers = 0
        self.grounding = ""
        self.prompt_hash = ""
        self.query = ""
        self.first_text_ms: float | None = None
        self.is_searching = False
        self._open: dict[int, tuple[Step, dict[str, Any]]] = {}
        self._searched_since = 0.0

    def now(self) -> float:
        """Milliseconds since the run began, to the hundredth."""
        return round((self._clock() - self._zero) * 1000, 2)

    def begin(self, kind: StepKind, **facts: Any) -> Step:
        """A step that begins now. ``end`` gives it its length; one that never ends has None."""
        step = {"kind": kind, "start_ms": self.now(), "ms": None, **facts}
        self.steps.append(step)
        return step

    def end(self, step: Step, **facts: Any) -> None:
        """The step is over."""
        step["ms"] = round(self.now() - step["start_ms"], 2)
        step.update(facts)

    def waited(self) -> None:
        """The run has waited for a person until now. That took no time of its own: waiting is not working."""
        self.end(self.begin("wait"))

    # -- before the model is asked

    def prepared(self, system: str, searches: bool) -> None:
        """Instructions and tools are known: that was the step before this. ``searches``: passages are next."""
        self.prompt_hash = hashlib.sha256(str(system).encode(errors="replace")).hexdigest()
        self._searched_since = self.now()
        self.steps.append({"kind": "prepare", "start_ms": 0.0, "ms": self._searched_since})
        self.is_searching = searches

    def searches_for(self, query: str) -> None:
        """What a retriever is asked for: the question, or what it was rewritten to."""
        if self.is_searching and not self.query:  # the first one: it may ask others in its turn
            self.query = query
            self._searched_since = self.now()

    def found(self, passages: Sequence[Document]) -> None:
        """The passages for the question, numbered."""
        self.passages = [_passage(document) for document in passages]
        self.end(self._search(), found=len(passages))

    def found_by_tool(self, passages: Sequence[Document]) -> None:
        """What a tool has found, numbered; what was there before is not told twice."""
        known = {passage["number"] for passage in self.passages}
        self.passages += [_passage(each) for each in passages if each.metadata["number"] not in known]

    def _search(self) -> Step:
        self.is_searching = False
        step: Step = {"kind": "search", "start_ms": self._searched_since, "ms": None, "query": self.query}
        self.steps.append(step)
        return step

    def close(self) -> None:
        """The turn is over. What had begun and did not end stays without a length."""
        if not self.prompt_hash:
            self.steps.append({"kind": "prepare", "start_ms": 0.0, "ms": None})
        if self.is_searching:
            self._search()

    # -- tools

    @property
    def is_in_tool(self) -> bool:
        """True while a tool runs."""
        return bool(self._open)

    def tool_started(self, call: Mapping[str, Any]) -> None:
        """A tool is about to be called. The call is told apart by being the same object: servers repeat ids."""
        facts = {"call_id": call["id"] or "", "name": call["name"] or ""}
        made = {**facts, "arguments": call["args"], "result": None, "status": "", "error_type": ""}
        self.tool_calls.append(made)
        self._open[id(call)] = self.begin("tool", **facts), made

    def tool_finished(self, call: Mapping[str, Any], error: str) -> None:
        """It has answered; ``error`` is the kind of its failure, or empty."""
        step, made = self._open.pop(id(call))
        self.end(step, error_type=error)
        made.update(status="failed" if error else "completed", error_type=error)

    def tool_said(self, message: ToolMessage) -> None:
        """What the model was told of it. A call that was never made is one that a person has refused."""
        text = text_of(message.content)
        result = text if len(text) <= LONGEST_RESULT else text[: LONGEST_RESULT - 1] + "…"
        for made in self.tool_calls:
            if made["result"] is None and made["call_id"] == message.tool_call_id:
                made["result"] = result
                return
        facts = {"call_id": message.tool_call_id, "name": message.name or "", "arguments": None}
        self.tool_calls.append({**facts, "result": result, "status": "refused", "error_type": ""})


def _passage(document: Document) -> dict[str, Any]:
    """Where a passage stands, and the hash by which its text can be told from a later one."""
    facts = passage_as_json(document)
    digest = hashlib.sha256(document.page_content.encode(errors="replace")).hexdigest()
    own = whole(document.metadata.get("text_from")) or 0
    return {**facts, "sha256": digest, "text_from": own, "call_id": document.metadata.get("call_id") or ""}
