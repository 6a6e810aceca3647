"""``langchain-postgres`` asked the questions of an order from stdin; prints what it measured as JSON.

Runs in its own environment, without Atrium. The order: ``{"url", "table", "filter", "filtered", "questions"}``, each
question a pair of words and vector. Printed: ``{"took": [ms ...], "passages": mean}``.
"""

import asyncio
import json
import sys
import time

from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine
from langchain_postgres.v2.async_vectorstore import AsyncPGVectorStore
from langchain_postgres.v2.hybrid_search_config import HybridSearchConfig, reciprocal_rank_fusion
from langchain_postgres.v2.indexes import HNSWQueryOptions


class Given(Embeddings):
    """The vectors come with the questions: embedding them is not measured."""

    def embed_documents(self, texts):
        raise NotImplementedError

    def embed_query(self, text):
        raise NotImplementedError


async def run(order):
    engine = PGEngine.from_connection_string(url=order["url"])
    store = await AsyncPGVectorStore.create(
        engine,
        Given(),
        order["table"],
        metadata_columns=["year"],
        metadata_json_column=None,
        index_query_options=HNSWQueryOptions(ef_search=100),
        hybrid_search_config=HybridSearchConfig(
            tsv_column="content_tsv",
            tsv_lang="pg_catalog.simple",
            fusion_function=reciprocal_rank_fusion,
            primary_top_k=50,
            secondary_top_k=50,
        ),
    )
    given = order["filter"] if order["filtered"] else None

    async def ask(words, vector):
        return await store.asimilarity_search_with_score_by_vector(vector, k=10, filter=given, fts_query=words)

    for words, vector in order["questions"][:20]:
        await ask(words, vector)
    took, passages = [], 0
    for words, vector in order["questions"]:
        began = time.perf_counter()
        passages += len(await ask(words, vector))
        took.append(1000 * (time.perf_counter() - began))
    await engine.close()
    return {"took": took, "passages": passages / len(order["questions"])}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
