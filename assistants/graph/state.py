"""What a turn's graph works on (state) and with (context)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from langchain_core.tools import BaseTool
from langgraph.graph.message import add_messages

from assistants.citing.numbering import NumberedPassages
from assistants.exceptions import AIAssistantMisconfiguredError
from assistants.graph.client_tools import FromClient, bind
from assistants.graph.models import own_model, with_fallbacks
from assistants.graph.own_code import MODEL_METHODS, call
from assistants.llm.resilience.stream import ModelFactory
from assistants.permissions import permitted_tools

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant

History = Callable[[], Awaitable[Sequence[BaseMessage]]]


class TurnState(TypedDict, total=False):
    """One turn: what was asked, what was found, what it adds to the thread, and its result."""

    input: str
    system: str
    history: Sequence[BaseMessage]
    passages: list[Document]
    messages: Annotated[list[AnyMessage], add_messages]
    rounds: int
    waiting: list[dict[str, Any]]
    for_client: list[dict[str, Any]]
    output: Any


class Reporter:
    """Told what happens in a turn while it happens. This one keeps the messages; a run's also makes events."""

    def __init__(self) -> None:
        self.messages: list[BaseMessage] = []

    def prepared(self, system: str, *, searches: bool) -> None:
        """The system prompt is known, before passages; ``searches``: those are looked for next."""

    def found(self, passages: Sequence[Document]) -> None:
        """The passages for the question, numbered."""

    def found_by_tool(self, passages: Sequence[Document]) -> None:
        """The passages that a tool has found, numbered."""

    def markers_removed(self, number: int) -> None:
        """So many citation markers named no passage, and were taken out of the model's text."""

    def grounding(self, verdict: str) -> None:
        """On what a grounded answer rests (``Run.Grounding``)."""

    def text(self, piece: str) -> None:
        """The model said a piece of text."""

    def message(self, message: BaseMessage) -> None:
        """A message of the thread is complete."""
        self.messages.append(message)

    def output(self, found: Any) -> None:
        """The answer is an object of the wanted structure: this one, as JSON."""

    def tool_started(self, call: Mapping[str, Any]) -> None:
        """A tool is about to be called."""

    async def recorded(self) -> None:
        """Return when what was reported so far will outlive this process."""

    def tool_finished(self, call: Mapping[str, Any], error: str = "") -> None:
        """A tool has answered; ``error`` is the kind of its failure, or empty."""


async def no_history() -> Sequence[BaseMessage]:
    """The history of a turn without a thread."""
    return ()


@dataclass
class TurnContext:
    """All that the graph's nodes may reach: no globals, no database behind their backs."""

    assistant: AIAssistant
    history: History = no_history
    reporter: Reporter = field(default_factory=Reporter)
    decisions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What a person has decided on the pending calls with which the turn begins, by the calls' ids."""
    from_client: FromClient | None = None
    passages: NumberedPassages = field(default_factory=NumberedPassages)
    """All that the model was given to cite in this turn."""

    tools: Mapping[str, BaseTool] = field(default_factory=dict)
    _model: Any = None

    async def load_tools(self) -> None:
        """Make the tools that the assistant may use for the one who asks, once a turn.

        Raises ``AIAssistantMisconfiguredError`` for two of one name.
        """
        made = await permitted_tools(self.assistant, await call(self.assistant, "get_tools"))
        names = [tool.name for tool in made]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise AIAssistantMisconfiguredError(f"{self.assistant.id} has several tools named {', '.join(twice)}.")
        self.tools = dict(zip(names, made, strict=True))

    async def models(self) -> list[ModelFactory]:
        """The assistant's model and its fallbacks with the tools bound to them; its own is made once a turn."""
        if self._model is None:
            self._model = self._with_tools(await own_model(self.assistant))
        return await with_fallbacks(self.assistant, self._model, self._with_tools)

    async def structured_models(self) -> list[ModelFactory]:
        """The assistant's model and its fallbacks, held to the wanted structure."""
        own = await call(self.assistant, "get_structured_output_llm", "get_llm", *MODEL_METHODS)
        return await with_fallbacks(self.assistant, own, self.assistant.structured)

    def _with_tools(self, llm: Any) -> Any:
        return bind(llm, self.tools.values(), self.from_client)


def last_ai(state: TurnState) -> AIMessage:
    """The model's latest message in this turn."""
    return next(message for message in reversed(state["messages"]) if isinstance(message, AIMessage))
