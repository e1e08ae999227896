"""`index.mirror`: the stores of other makes that follow an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.reports import MirrorReport

if TYPE_CHECKING:
    from lightrag_integrations._live import Live
    from lightrag_integrations._mirrors import OpenMirrors

__all__ = ["Mirrors"]


class Mirrors:
    """The stores given as `LightRAGIndex(…, stores=Stores(…))`. Get it as `index.mirror`.

    PostgreSQL stays the truth; these are made from it, and can be made again at any time. `index.drop()` leaves them as
    they are. After a change of the embedding model to one of another dimension, most engines need a new collection.
    """

    def __init__(self, live: Live, keeper: object) -> None:
        """Keep the handle's live part, and what keeps it open."""
        self._live = live
        self._keeper = keeper

    def sync(self, *, anew: bool = False) -> MirrorReport:
        """Bring every store to the state of the index, handing over what changed and taking out what is gone.

        What another handle ingested or deleted, and edits of the graph, come with it. Broken off at any point, the next
        one goes on. What a store was given is recorded in PostgreSQL; one that lost some of it (as one in memory does
        at each start) is filled again. The asynchronous twin is `a_sync`.

        Args:
            anew: Take out everything first that was put in, and put it in again: after a backup of PostgreSQL was
                restored, or when somebody changed what the store holds.

        Returns:
            Counts by role, and the reason for each store that failed.

        Raises:
            ConfigurationError: The handle has no stores.
            StorageError: PostgreSQL failed.
        """
        return self._live.run(lambda: self._sync(anew))

    async def a_sync(self, *, anew: bool = False) -> MirrorReport:
        """Like `sync`; with an underscore, as `async` is a word of the language."""
        return await self._live.arun(lambda: self._sync(anew))

    def verify(self) -> list[str]:
        """What the stores lack (missing), have otherwise (stale) or have beyond the index (extra).

        Of what this index put there the next `sync` mends what this found, whoever spoilt it.

        Returns:
            One line for each kind of difference, none when all is well. Of a store that can't be asked for what it
            holds, only what was recorded is compared. Vectors themselves are not: one that somebody wrote over in
            place is not seen; `sync(anew=True)` puts all in again.

        Raises:
            ConfigurationError: The handle has no stores.
            StorageError: PostgreSQL failed.
        """
        return self._live.run(self._verify)

    async def averify(self) -> list[str]:
        """Like `verify`."""
        return await self._live.arun(self._verify)

    async def _sync(self, anew: bool) -> MirrorReport:
        return await (await self._open()).sync(anew=anew)

    async def _verify(self) -> list[str]:
        return await (await self._open()).verify()

    async def _open(self) -> OpenMirrors:
        mirrors = (await self._live.session()).mirrors
        if mirrors is None:
            raise ConfigurationError("this handle has no stores; make it with LightRAGIndex(..., stores=Stores(...))")
        return mirrors
