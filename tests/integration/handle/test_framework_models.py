"""A framework's model object, given to two handles and used by its owner at the same time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from lightrag_integrations import Document


def test_one_model_object_on_two_handles_and_the_owners_loop(make_index, openai_server) -> None:
    chat = ChatOpenAI(model="double", base_url=openai_server.url, api_key=SecretStr("k"), max_retries=0)
    embeddings = OpenAIEmbeddings(
        model="double",
        base_url=openai_server.url,
        api_key=SecretStr("k"),
        max_retries=0,
        check_embedding_ctx_length=False,
    )
    handles = [make_index(llm=chat, embed_model=embeddings) for _ in range(2)]

    def ingest(number: int) -> None:
        documents = [
            Document(id=f"{number}-{n}", text=f"Captain {n} of Ship {number} sailed from Lisbon to Goa with Pilot {n}.")
            for n in range(30)
        ]
        report = handles[number].ingest(documents)
        assert (report.documents, report.failed) == (30, 0), report.errors

    async def own_use() -> list[str]:
        replies = await asyncio.gather(*(chat.ainvoke(f"Say something about {n}") for n in range(30)))
        await asyncio.gather(*(embeddings.aembed_query(f"words {n}") for n in range(30)))
        for client in (chat.root_async_client, embeddings.async_client._client):
            await client.close()
        return [str(reply.content) for reply in replies]

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(ingest, 0), pool.submit(ingest, 1), pool.submit(lambda: asyncio.run(own_use()))]
        for job in jobs:
            job.result(120)
    for handle in handles:
        assert handle.retrieve("Which captain sailed to Goa?", mode="mix", k=3).hits
        handle.close()
