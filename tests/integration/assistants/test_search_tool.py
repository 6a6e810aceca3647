"""An agent searches when it sees fit, in what the one who asks may read."""

from __future__ import annotations

from langchain_core.messages import AIMessage

from assistants import search_tool
from assistants.graph.passages import parse_passages
from assistants.search_tool import NOTHING_FOUND
from rag.retriever import TenantRetriever
from tenants.context import tenant_context
from tests.documents import add_ready_document
from tests.played_model import PlayedModel
from tests.somewhere import Helper, aside


@aside
class Researcher(Helper):
    id = "researcher"
    name = "Researcher"

    def get_tools(self):
        return [*super().get_tools(), search_tool(self)]


def asks(query: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "search_documents", "args": {"query": query}, "id": "1"}])


def told(model: PlayedModel) -> str:
    """What the tool answered, as the model reads it."""
    return str(model.asked[-1][-1].content)


def test_an_agent_gets_the_passages_that_it_asks_for(acme, globex, use_model, registry):
    add_ready_document(acme, "# Anvils\n\nAn anvil of acme weighs 50 kilograms.\n", source="anvils.md")
    for tenant, titles in ((acme, ["Anvils"]), (globex, [])):
        model = use_model(PlayedModel(answers=[asks("weight of an anvil"), "50 kg."]))
        with tenant_context(tenant.ref):
            assert Researcher(user=tenant.member).run("How heavy is it?") == "50 kg."
        assert [passage.title for passage in parse_passages(told(model))] == titles
        assert titles or told(model) == NOTHING_FOUND


def test_an_agent_searches_only_the_collections_that_it_was_given(acme, use_model, registry):
    add_ready_document(acme, "# Anvils\n\nAn anvil weighs 50 kilograms.\n", source="anvils.md")

    class Narrow(Researcher):
        id = "narrow"

        def get_retriever(self):
            return TenantRetriever(actor=self.get_actor(), assistant_id=self.id, collection_ids=[])

    model = use_model(PlayedModel(answers=[asks("weight of an anvil"), "I do not know."]))
    with tenant_context(acme.ref):
        Narrow(user=acme.member).run("How heavy is it?")
    assert told(model) == NOTHING_FOUND


def test_the_tool_can_be_called_without_an_agent(acme):
    add_ready_document(acme, "# Anvils\n\nAn anvil weighs 50 kilograms.\n", source="anvils.md")
    with tenant_context(acme.ref):
        tool = search_tool(Researcher(user=acme.member), name="look_up")
        assert tool.name == "look_up"
        assert "50 kilograms" in tool.invoke({"query": "anvil"})
