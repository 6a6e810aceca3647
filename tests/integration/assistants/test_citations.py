"""Citations: checked against what was found, numbered over all searches, opened by whoever may view them."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from assistants import AIAssistant, method_tool, search_tool
from assistants.exceptions import AIAssistantMisconfiguredError, ModelFailedError
from assistants.graph.passages import parse_passages
from assistants.models import Message, Run, Thread
from assistants.tenant_assistants import assistant_here
from assistants.use_cases import Decision, decide_tool_calls
from assistants.use_cases.configure_assistants import adjust_assistant
from assistants.use_cases.open_citation import CitationNotFound, open_citation
from assistants.use_cases.threads import create_thread
from rag.models import Document
from tenants.context import tenant_context
from tests.documents import add_ready_document
from tests.integration.assistants.conftest import ScriptedModel
from tests.model_server import says
from tests.played_model import PlayedModel, wants
from tests.somewhere import Helper
from tests.sse import read_events

pytestmark = pytest.mark.usefixtures("registry")

ANVILS = "# Anvils\n\nAnvils are made by hand. An anvil of acme weighs 50 kilograms. It is black.\n"
ROPES = "# Ropes\n\nA rope of acme is 20 metres long.\n"


class Docs(Helper):
    """Answers from documents."""

    has_rag = True


def make(id: str, *bases: type, **attributes: object) -> type[AIAssistant]:
    return type(id.title(), bases or (Docs,), {"id": id, "name": id, **attributes})


def ask(tenant, assistant: type[AIAssistant], question: str = "What does an anvil weigh?", thread=None) -> Message:
    """The answer as it is stored."""
    thread = thread or Thread.objects.create(created_by=tenant.member)
    assistant(user=tenant.member).run(question, thread_id=thread.pk)
    return Message.objects.filter(message__type="ai").order_by("created_at").last()


def test_a_citation_says_which_sentence_of_which_version_it_rests_on(acme, use_model):
    add_ready_document(acme, ANVILS, source="anvils.md")
    use_model(PlayedModel(answers=["It weighs 50 kilograms [1], not 60 [9]. See `a[7]`."]))
    with tenant_context(acme.ref):
        answer = ask(acme, make("weighing"))
        assert answer.content == "It weighs 50 kilograms [1], not 60. See `a[7]`."
        [citation] = answer.citations
        document, run = Document.objects.get(), Run.objects.get()
    assert citation["quote"] == "An anvil of acme weighs 50 kilograms."
    place, marker = citation["quote_in_document"], citation["markers"][0]
    assert document.text[place["start"] : place["end"]] == citation["quote"]
    assert answer.content[marker["start"] : marker["end"]] == "[1]"
    assert (citation["version"], citation["document_id"]) == (1, str(document.pk))
    assert (run.removed_markers, run.receipt["removed_markers"], run.grounding) == (1, 1, "")


def test_wrong_markers_are_counted_of_an_answer_that_breaks_off_too(acme, use_model):
    add_ready_document(acme, ANVILS, source="anvils.md")
    use_model(ScriptedModel(pieces=["It weighs 50 kg [1], ", "not 60 [9]", " [8."], error=ConnectionError("cut")))
    with tenant_context(acme.ref):
        with pytest.raises(ModelFailedError):
            ask(acme, make("breaking"))
        [answer, run] = Message.objects.filter(message__type="ai").get(), Run.objects.get()
    assert answer.content == "It weighs 50 kg [1], not 60 [8."
    assert [each["number"] for each in answer.citations] == [1]
    assert (run.status, run.removed_markers) == ("failed", 1)


async def test_what_is_streamed_is_what_is_stored(server, acme, model_server):
    await acme.run(lambda: add_ready_document(acme, ANVILS, source="anvils.md"))
    said = "It weighs [9] 50 kg [1, 8].\n\n```\na = [7]\n```\n" + "Heavy [1][2] " * 20
    model_server.play(says(said))
    client = server.signed_in(acme)
    thread = (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": "docs_assistant", "content": "What does an anvil weigh?"}
    response = await client.post(f"/api/threads/{thread}/messages/", json=body, headers={"Accept": "text/event-stream"})
    events = read_events(response.text)
    streamed = "".join(event.data["text"] for event in events if event.type == "message.delta")
    [_, stored] = (await client.get(f"/api/threads/{thread}/messages/")).json()
    assert streamed == stored["content"] == events[-1].data["messages"][1]["content"]
    assert stored["content"] == "It weighs 50 kg [1].\n\n```\na = [7]\n```\n" + "Heavy [1] " * 20
    assert [len(each["markers"]) for each in stored["citations"]] == [21]


def test_numbers_go_on_over_the_searches_of_an_agent(acme, use_model):
    for text, source in ((ANVILS, "anvils.md"), (ROPES, "ropes.md")):
        add_ready_document(acme, text, source=source, collection=source)

    class Researcher(Helper):
        id = "searching"
        name = "Searching"

        def get_tools(self):
            return [search_tool(self)]

    searches = [wants(("search_documents", {"query": query})) for query in ("weight of an anvil", "length of a rope")]
    model = use_model(PlayedModel(answers=[*searches, "50 kg [1], 20 metres [2], 3 tons [4]."]))
    with tenant_context(acme.ref):
        answer = ask(acme, Researcher)
        run = Run.objects.get()
    told = {each.number: each.title for message in model.asked[-1] for each in parse_passages(str(message.content))}
    titles = {each["number"]: each["title"] for each in answer.citations}
    assert set(titles.items()) <= set(told.items())
    assert sorted(titles) == [1, 2]
    assert sorted(titles.values()) == ["Anvils", "Ropes"]
    assert answer.content == "50 kg [1], 20 metres [2], 3 tons."
    assert [each["number"] for each in run.receipt["passages"]] == sorted(told)
    assert all(each["call_id"] for each in run.receipt["passages"])


def test_what_an_assistant_cites_that_is_a_tool_is_cited_by_the_one_that_asks_it(acme, use_model):
    for text, source in ((ANVILS, "anvils.md"), (ROPES, "ropes.md")):
        add_ready_document(acme, text, source=source)
    expert = make("expert")

    class Host(Helper):
        id = "host"
        name = "Host"

        def get_tools(self):
            return [expert(user=self._user).as_tool(description="Ask the expert.")]

    answers = [
        *(wants(("expert", {"message": "What is the weight of an anvil?"})), "50 kg [1]."),
        *(wants(("expert", {"message": "What is the length of a rope?"})), "20 metres [1]."),
        "50 kg [1], 20 metres [2], 3 tons [3].",
    ]
    use_model(PlayedModel(answers=answers))
    with tenant_context(acme.ref):
        answer = ask(acme, Host)
        told = [message.content for message in Message.objects.filter(message__type="tool").order_by("created_at")]
    assert [each.partition("\n")[0] for each in told] == ["50 kg [1].", "20 metres [2]."]
    assert answer.content == "50 kg [1], 20 metres [2], 3 tons."
    assert [each["title"] for each in answer.citations] == ["Anvils", "Ropes"]


def test_what_an_assistant_inside_has_cited_is_still_cited_after_an_approval(acme, use_model):
    """The model reads its answer, and not the passages: they are read anew."""
    for text, source in ((ANVILS, "anvils.md"), (ROPES, "ropes.md")):
        add_ready_document(acme, text, source=source, collection=source)
    expert = make("expert")

    class Smith(Helper):
        id = "smith"
        name = "Smith"

        def get_tools(self):
            return [*super().get_tools(), expert(user=self._user).as_tool(description="Ask."), search_tool(self)]

        @method_tool(requires_approval=True)
        def ring(self) -> str:
            """Ring the bell."""
            return "rung"

    asked, search = ("expert", {"message": "weight of an anvil"}), ("search_documents", {"query": "length of a rope"})
    answers = [wants(asked), "50 kg [1].", wants(("ring", {})), wants(search), "50 kg [1], 20 metres [2], rung [9]."]
    use_model(PlayedModel(answers=answers))
    with tenant_context(acme.ref):
        ask(acme, Smith)
        decide_tool_calls(Run.objects.get().pk, [Decision("call_1", "approve")], acme.member)
        answer, run = Message.objects.filter(message__type="ai").latest("created_at"), Run.objects.get()
    assert answer.content == "50 kg [1], 20 metres [2], rung."
    assert [(each["title"], each["quote"]) for each in answer.citations] == [
        ("Anvils", "An anvil of acme weighs 50 kilograms."),
        ("Ropes", "A rope of acme is 20 metres long."),
    ]
    assert [each["title"] for each in run.receipt["passages"]][:2] == ["Anvils", "Ropes"]


def test_an_earlier_answers_numbers_are_not_read_as_this_ones(acme, use_model):
    add_ready_document(acme, ANVILS, source="anvils.md")
    model = use_model(PlayedModel(answers=["50 kg [1].", "What does it weigh?", "As I said [1]."]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        assistant = make("remembering")
        ask(acme, assistant, thread=thread)
        ask(acme, assistant, "Is that heavy?", thread)
        stored = [message.content for message in thread.get_messages()]
    assert stored[1] == "50 kg [1]."
    read = [message.content for message in model.asked[-1] if isinstance(message, AIMessage)]
    assert read == ["50 kg."]


# -- grounded answers


def test_a_grounded_assistant_without_a_passage_does_not_ask_the_model(acme, use_model):
    model = use_model(PlayedModel(answers=["I guess 60 kg."]))
    with tenant_context(acme.ref):
        answer = ask(acme, make("grounded", grounded=True, unsupported_answer="Ask the smith."))
        run = Run.objects.get()
    assert (answer.content, model.asked) == ("Ask the smith.", [])
    assert answer.message["data"]["additional_kwargs"] == {"grounded": False}
    assert (run.status, run.grounding, run.cost) == ("completed", "no_passages", 0)


def test_a_grounded_answer_that_cites_nothing_is_never_heard(acme, use_model):
    add_ready_document(acme, ANVILS, source="anvils.md")
    said = {
        "I guess\nthat it weighs 60 kg [7].": ("I found nothing in the documents that answers this.", "no_citation"),
        "First of all:\nit weighs 50 kg [1]. Heavy!": ("First of all:\nit weighs 50 kg [1]. Heavy!", "cited"),
    }
    with tenant_context(acme.ref):
        assistant = make("grounded", grounded=True)
        for text, expected in said.items():
            use_model(PlayedModel(answers=[text]))
            answer = ask(acme, assistant)
            run = Run.objects.get(messages=answer)
            assert (answer.content, run.grounding) == expected
            deltas = (
                run.events.filter(type="message.delta").order_by("sequence").values_list("payload__text", flat=True)
            )
            assert "".join(deltas) == answer.content


def test_what_a_tool_has_answered_stands_behind_a_grounded_answer(acme, use_model):
    class Shop(Docs):
        id = "shop"
        name = "Shop"
        grounded = True

        @method_tool
        def stock(self) -> str:
            """How many are in stock."""
            return "12"

    use_model(PlayedModel(answers=[wants(("stock", {})), "There are 12."]))
    with tenant_context(acme.ref):
        assert ask(acme, Shop, "How many are there?").content == "There are 12."
        assert Run.objects.get().grounding == "tool"


def test_an_object_cannot_be_grounded():
    with pytest.raises(AIAssistantMisconfiguredError, match="cannot be grounded"):
        make("wrong", grounded=True, structured_output={"title": "a", "type": "object", "properties": {}})


def test_administrators_ask_for_grounded_answers(acme, use_model):
    model = use_model(PlayedModel(answers=["I guess 60 kg."]))
    owner = acme.actor(acme.owner)
    with tenant_context(acme.ref):
        adjust_assistant(owner, "docs_assistant", {"grounded": True, "unsupported_answer": "Ask us."})
        assert ask(acme, assistant_here("docs_assistant")).content == "Ask us."
        adjust_assistant(owner, "docs_assistant", {"grounded": None})
        assert ask(acme, assistant_here("docs_assistant")).content == "I guess 60 kg."
    assert len(model.asked) == 1


# -- opening


def test_who_may_view_the_conversation_may_open_what_it_cites_and_no_more(acme, globex, use_model):
    add_ready_document(acme, ANVILS, source="anvils.md")
    use_model(PlayedModel(answers=["It weighs 50 kilograms [1]."]))
    member, owner = acme.actor(acme.member), acme.actor(acme.owner)
    with tenant_context(acme.ref):
        answer = ask(acme, make("opening"))
        opened = open_citation(member, answer.thread_id, answer.pk, 1)
        assert opened.quote is not None
        assert opened.text[opened.quote["start"] : opened.quote["end"]] == answer.citations[0]["quote"]
        for who, thread, number in ((owner, answer.thread_id, 1), (member, create_thread(member).pk, 1)):
            with pytest.raises(Exception, match="There is no such"):
                open_citation(who, thread, answer.pk, number)
        with pytest.raises(CitationNotFound):
            open_citation(member, answer.thread_id, answer.pk, 2)
        text = Document.objects.get().text
        Document.objects.update(text=text.replace("50", "60"))  # fetched anew, the page says something else
        with pytest.raises(CitationNotFound):
            open_citation(member, answer.thread_id, answer.pk, 1)
        Document.objects.update(text=text)
        assert open_citation(member, answer.thread_id, answer.pk, 1) == opened
        Document.objects.update(indexed_version=2)  # it says something else by now
        with pytest.raises(CitationNotFound):
            open_citation(member, answer.thread_id, answer.pk, 1)
