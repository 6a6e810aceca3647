"""Retrieval: an assistant's passages, from any retriever, in any form, and what a follow-up question means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable

from assistants.graph.passages import parse_passages
from assistants.models import Message, Thread
from rag.retriever import TenantRetriever
from tenants.context import tenant_context
from tests.documents import add_ready_document
from tests.played_model import PlayedModel
from tests.somewhere import ALICE, Helper, aside

pytestmark = pytest.mark.usefixtures("registry")

ROOT = Path(__file__).parents[3]


class Shelf(BaseRetriever):
    """A LangChain retriever as a project writes it: synchronous only, with metadata of its own."""

    asked: list[str] = []

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        self.asked.append(query)
        return [
            Document(page_content="Anvils weigh 50 kg.", metadata={"title": "Anvils", "page": "iv", "source": "a.pdf"}),
            Document(page_content="Ropes are long.", metadata={"score": float("nan"), "source": "b.pdf"}),
        ]


class AsyncShelf(Shelf):
    """The same, asynchronous too."""

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return self._get_relevant_documents(query, run_manager=run_manager)


@aside
class Docs(Helper):
    id = "assistants_docs"
    name = "Docs"
    has_rag = True

    def __init__(self, *, retriever: BaseRetriever | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._retriever = retriever or Shelf(asked=[])

    def get_retriever(self) -> BaseRetriever:
        return self._retriever


@pytest.mark.parametrize("kind", [Shelf, AsyncShelf])
def test_any_langchain_retriever_may_be_used(use_model, somewhere, kind):
    model = use_model(PlayedModel(answers=["They weigh 50 kg [1]."]))
    shelf = kind(asked=[])
    answer = Docs(actor=ALICE, retriever=shelf).invoke({"input": "How heavy are anvils?"})
    assert shelf.asked == ["How heavy are anvils?"]
    passages = parse_passages(str(model.asked[0][0].content))
    assert [(each.number, each.title, each.text) for each in passages] == [
        (1, "Anvils", "Anvils weigh 50 kg."),
        (2, "", "Ropes are long."),
    ]
    assert [document.page_content for document in answer["passages"]] == ["Anvils weigh 50 kg.", "Ropes are long."]


def test_citations_of_any_retriever_are_stored(acme, use_model):
    use_model(PlayedModel(answers=["They weigh 50 kg [1], and ropes are long [2]."]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        Docs(user=acme.member).run("How heavy are anvils?", thread_id=thread.pk)
        cited = Message.objects.order_by("created_at").last().citations
    assert [(each["number"], each["title"], each["page"], each["score"]) for each in cited] == [
        (1, "Anvils", None, None),
        (2, "", None, None),
    ]


def test_a_project_may_write_passages_its_own_way(use_model, somewhere):
    class Plain(Docs):
        id = "plain"

        def get_document_prompt(self) -> PromptTemplate:
            return PromptTemplate.from_template("<{source}> {page_content}")

        def get_document_separator(self) -> str:
            return "\n---\n"

    model = use_model(PlayedModel(answers=["Ok"]))
    Plain(actor=ALICE).run("How heavy are anvils?")
    assert "<a.pdf> Anvils weigh 50 kg.\n---\n<b.pdf> Ropes are long." in model.asked[0][0].content


def test_passages_stand_apart_and_in_atriums_own_form_by_default():
    assert Docs().get_document_separator() == "\n\n"
    assert Docs().get_document_prompt() is None


def test_by_default_the_tenants_own_collections_are_searched(acme, globex, use_model):
    add_ready_document(acme, "# Anvils\n\nAn anvil of acme weighs 50 kilograms.\n", source="anvils.md")
    own = type("Own", (Helper,), {"id": "own", "name": "Own", "has_rag": True})
    model = use_model(PlayedModel(answers=["Ok"]))
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            assert isinstance(own(user=tenant.member).get_retriever(), TenantRetriever)
            own(user=tenant.member).run("What does an anvil weigh?")
    found = [[each.title for each in parse_passages(str(asked[0].content))] for asked in model.asked]
    assert found == [["Anvils"], []]


def test_without_rag_nothing_is_searched(use_model, somewhere):
    silent = type("Silent", (Docs,), {"id": "silent", "has_rag": False})
    model, shelf = use_model(PlayedModel(answers=["Ok"])), Shelf(asked=[])
    silent(actor=ALICE, retriever=shelf).run("How heavy are anvils?")
    assert shelf.asked == []
    assert "passages" not in model.asked[0][0].content


def test_the_first_question_is_searched_for_as_it_is(use_model, somewhere):
    model, shelf = use_model(PlayedModel(answers=["Ok"])), Shelf(asked=[])
    Docs(actor=ALICE, retriever=shelf).run("How heavy are they?")
    assert shelf.asked == ["How heavy are they?"]
    assert len(model.asked) == 1


def test_a_follow_up_question_is_rewritten_before_it_is_searched_for(acme, use_model):
    answers = ["Anvils are for smiths.", "How heavy are anvils?", "50 kg."]
    model, shelf = use_model(PlayedModel(answers=answers)), Shelf(asked=[])
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        for question in ("What are anvils?", "How heavy are they?"):
            Docs(user=acme.member, retriever=shelf).run(question, thread_id=thread.pk)
        assert [message.content for message in thread.get_messages()] == [
            *("What are anvils?", "Anvils are for smiths."),
            *("How heavy are they?", "50 kg."),
        ]
    assert shelf.asked == ["What are anvils?", "How heavy are anvils?"]
    rewriting = model.asked[1]
    assert [message.type for message in rewriting] == ["system", "human", "ai", "human"]
    assert model.asked[2][-1].content == "How heavy are they?"  # the model answers what was asked


def test_the_offline_model_cannot_rewrite_and_is_not_asked_to(somewhere):
    shelf = Shelf(asked=[])
    history = [HumanMessage("What are anvils?"), AIMessage("For smiths.")]
    docs = Docs(actor=ALICE, retriever=shelf)
    docs.get_history_aware_retriever().invoke({"input": "How heavy are they?", "history": history})
    assert shelf.asked == ["How heavy are they?"]


def test_a_project_may_rewrite_in_its_own_words(use_model, somewhere):
    class Own(Docs):
        id = "own_words"

        def get_contextualize_prompt(self) -> ChatPromptTemplate:
            return ChatPromptTemplate.from_messages([("human", "Rewrite: {input}")])

    model, shelf = use_model(PlayedModel(answers=["rewritten"])), Shelf(asked=[])
    retriever = Own(actor=ALICE, retriever=shelf).get_history_aware_retriever()
    retriever.invoke({"input": "How heavy?", "history": [HumanMessage("Anvils!")]})
    assert model.asked[0][0].content == "Rewrite: How heavy?"
    assert shelf.asked == ["rewritten"]


def test_an_empty_rewriting_leaves_the_question(use_model, somewhere):
    use_model(PlayedModel(answers=["  "]))
    shelf = Shelf(asked=[])
    retriever = Docs(actor=ALICE, retriever=shelf).get_history_aware_retriever()
    retriever.invoke({"input": "How heavy?", "history": [HumanMessage("Anvils!")]})
    assert shelf.asked == ["How heavy?"]


def test_a_rewriting_that_fails_leaves_the_question_and_the_turn_goes_on(acme, use_model):
    answers = ["For smiths.", RuntimeError("down"), "50 kg."]
    model, shelf = use_model(PlayedModel(answers=answers)), Shelf(asked=[])
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        for question in ("What are anvils?", "How heavy are anvils?"):
            Docs(user=acme.member, retriever=shelf).run(question, thread_id=thread.pk)
        assert [message.content for message in thread.get_messages()][-1] == "50 kg."
    assert shelf.asked == ["What are anvils?", "How heavy are anvils?"]
    assert len(model.asked) == 3  # once for the rewriting: the retries are the answer's


def test_a_mistake_in_a_projects_own_wording_is_not_hidden(use_model, somewhere):
    class Wrong(Docs):
        id = "wrong_words"

        def get_contextualize_prompt(self) -> ChatPromptTemplate:
            return ChatPromptTemplate.from_messages([("human", "Rewrite: {nothing_of_the_kind}")])

    use_model(PlayedModel(answers=["never"]))
    retriever = Wrong(actor=ALICE, retriever=Shelf(asked=[])).get_history_aware_retriever()
    with pytest.raises(KeyError, match="nothing_of_the_kind"):
        retriever.invoke({"input": "How heavy?", "history": [HumanMessage("Anvils!")]})


def test_a_project_may_replace_the_whole_retrieval(use_model, somewhere):
    from langchain_core.runnables import RunnableLambda

    class Replaced(Docs):
        id = "replaced"

        def get_history_aware_retriever(self) -> Runnable[dict[str, Any], list[Document]]:
            return RunnableLambda(lambda turn: [Document(page_content=f"about {turn['input']}")])

    answer = use_model(PlayedModel(answers=["Ok"])) and Replaced(actor=ALICE).invoke({"input": "anvils"})
    assert [document.page_content for document in answer["passages"]] == ["about anvils"]
