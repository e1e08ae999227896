"""The dump of the small index, undamaged; made once."""

import asyncio
from collections.abc import Iterator

import pytest

from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import open_store
from tests.integration.health.content import fill


@pytest.fixture(scope="package")
def clean_dump(dsn: str) -> Iterator[str]:
    async def build() -> str:
        store = await open_store("clean", ConnectOptions(dsn=dsn))
        await fill(store)
        text = await store.dump()
        await store.drop()
        await store.aclose()
        return text

    with asyncio.Runner() as runner:
        return runner.run(build())
