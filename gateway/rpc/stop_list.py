"""A merchant's stop list and its key, from a parsed message to its answer; nothing of gRPC here.

Read as the role that only reads, from the database or a standby of it. What a till gets is signed anew for
its merchant: in no other merchant's hands does the list mean anything.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from gateway.ledger.committer import Connect
from gateway.registry.stop_list.reading import ListHead, StopLists
from gateway.rpc.render import fill_instant
from gateway.rpc.seal import Signer
from tillgate.v1 import reference_service_pb2 as wire

CHUNK_ENTRIES: Final = 4_096
"""Of 16 bytes each: a message stays far below what clients take."""


class StopListMethods:
    """Answers what tills ask of their stop list.

    `place` is a place for one more download, of the same number that lists are downloaded in.
    """

    def __init__(
        self,
        connect: Connect,
        lists: StopLists,
        signer: Signer,
        place: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._connect = connect
        self._lists = lists
        self._signer = signer
        self._place = place

    async def download(
        self, request: wire.DownloadStopListRequest, merchant_id: int
    ) -> AsyncGenerator[bytes, None]:
        """The messages of a download, serialized: the header, then entries in chunks.

        Raises CommandError TOO_MANY_DOWNLOADS, and the database's errors.
        """
        with self._place():
            async with self._connect() as connection:
                found = await self._lists.changes(
                    connection, merchant_id, request.base_version, request.key_version
                )
            has_key = request.key_version == found.head.key_version
            key = b"" if has_key else self._lists.key(merchant_id, found.head.key_version)
            payload = _statement(merchant_id, found.head).SerializeToString(deterministic=True)
            header = wire.StopListHeader(
                signed_payload=payload,
                signature=self._signer.sign(payload),
                key_id=self._signer.key_id,
                base_version=found.base_version,
                list_key=key,
            )
            yield wire.DownloadStopListResponse(header=header).SerializeToString()
            for added in _chunks(found.added):
                yield _entries(wire.StopListEntries(added=added))
            for removed in _chunks(found.removed):
                yield _entries(wire.StopListEntries(removed=removed))


def _statement(merchant_id: int, head: ListHead) -> wire.StopListStatement:
    said = wire.StopListStatement(
        merchant_id=merchant_id,
        version=head.version,
        key_version=head.key_version,
        entry_count=head.entry_count,
        sha256=head.sha256,
    )
    fill_instant(said.read_at, head.read_at)
    if head.made_at is not None:
        fill_instant(said.made_at, head.made_at)
    return said


def _entries(entries: wire.StopListEntries) -> bytes:
    return wire.DownloadStopListResponse(entries=entries).SerializeToString()


def _chunks(entries: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [entries[first : first + CHUNK_ENTRIES] for first in range(0, len(entries), CHUNK_ENTRIES)]
