"""The methods of ReferenceService, from a parsed message to its answer; nothing of gRPC here.

Everything is read as the role that only reads, from the database or a standby of it.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Final

from google.protobuf.message import Message

from gateway.domain.reasons import Reason
from gateway.goods.reference.contents import Entry
from gateway.goods.reference.downloads import Shelf, pages_of, shelves
from gateway.goods.reference.errors import ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.versions import ReferenceVersion
from gateway.ledger.answers import CommandError
from gateway.ledger.committer import Connect
from gateway.rpc.methods import Arrived, Call, Method, as_read
from gateway.rpc.render import fill_instant
from gateway.rpc.validation.findings import invalid
from tillgate.v1 import reference_service_pb2 as wire

CHUNK_ROWS: Final = 200
"""So many rows take the event loop about a millisecond."""
CHUNK_CHARS: Final = 262_144
"""A chunk ends with the row that reaches it: gRPC's clients refuse messages of more than 4 MiB."""
DOWNLOADS_PAUSE_S: Final = 2.0

_ON_WIRE: Final[Mapping[Kind, Any]] = {
    kind: wire.ReferenceKind.Value(f"REFERENCE_KIND_{kind.name}") for kind in Kind
}
_BY_NUMBER: Final[Mapping[int, Kind]] = {number: kind for kind, number in _ON_WIRE.items()}


class ReferenceMethods:
    """Answers ReferenceService; `table` holds the single calls by name.

    At most `downloads_at_once` downloads have a connection; one more is refused TOO_MANY_DOWNLOADS.
    """

    def __init__(self, connect: Connect, downloads_at_once: int) -> None:
        self._connect = connect
        self._free = downloads_at_once
        self.table: Mapping[str, Method] = {
            "ListReferences": Method(wire.ListReferencesRequest, self._list, as_read)
        }

    async def download(self, request: wire.DownloadReferenceRequest) -> AsyncGenerator[bytes, None]:
        """The messages of a download, serialized: the header, then rows in chunks.

        Raises InvalidRequestError (FIELD_MISSING, FIELD_INVALID, REFERENCE_UNKNOWN), CommandError
        TOO_MANY_DOWNLOADS, and the database's errors.
        """
        kind = _kind(request.kind, "kind")
        with self.place():
            async with self._connect() as connection:
                (shelf,) = await shelves(connection, [kind])
                old = _named(shelf, "from_version", request.from_version) if request.from_version else None
                new = _named(shelf, "to_version", request.to_version)
                yield _header(shelf, new, old)
                async with aclosing(pages_of(connection, new, old)) as pages:
                    async for page in pages:
                        for chunk in _chunks(page):
                            yield chunk

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one more download; raises CommandError TOO_MANY_DOWNLOADS."""
        if not self._free:
            raise CommandError(Reason.TOO_MANY_DOWNLOADS, retry_after_s=DOWNLOADS_PAUSE_S)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def _list(self, arrived: Arrived, _: Call) -> Message:
        request, _client = arrived()
        kinds = read_kinds(request)
        async with self._connect() as connection:
            found = await shelves(connection, kinds)
        response = wire.ListReferencesResponse()
        fill_instant(response.read_at, found[0].now)
        for shelf in found:
            for one in shelf.in_force_and_later:
                _fill(response.versions.add(), shelf, one)
        return response


def read_kinds(request: wire.ListReferencesRequest) -> list[Kind]:
    """The kinds that are asked for; raises InvalidRequestError."""
    return [_kind(number, f"kinds[{at}]") for at, number in enumerate(request.kinds)] or list(Kind)


def _kind(number: int, field: str) -> Kind:
    """Raises InvalidRequestError FIELD_MISSING or FIELD_INVALID."""
    if not number:
        raise invalid(Reason.FIELD_MISSING, field)
    if number not in _BY_NUMBER:
        raise invalid(Reason.FIELD_INVALID, field, "такого списка нет", "there is no such list")
    return _BY_NUMBER[number]


def _named(shelf: Shelf, field: str, version: str) -> ReferenceVersion:
    try:
        return shelf.named(version)
    except ListError:
        raise invalid(Reason.REFERENCE_UNKNOWN, field) from None


def _fill(target: wire.ReferenceVersion, shelf: Shelf, one: ReferenceVersion) -> None:
    target.kind = _ON_WIRE[one.kind]
    target.version = one.version
    target.is_in_force = one is shelf.in_force
    for name in ("act", "act_body", "act_number", "address"):
        setattr(target, name, getattr(one, name) or "")
    if one.act_date is not None:
        target.act_date = one.act_date.isoformat()
    for name in ("effective_from", "announced_at"):
        fill_instant(getattr(target, name), getattr(one, name))
    target.is_urgent = one.is_urgent
    target.row_count = one.entry_count
    target.sha256 = one.content_sha256


def _header(shelf: Shelf, new: ReferenceVersion, old: ReferenceVersion | None) -> bytes:
    response = wire.DownloadReferenceResponse()
    _fill(response.header.version, shelf, new)
    if old is not None:
        response.header.from_version, response.header.from_sha256 = old.version, old.content_sha256
    return response.SerializeToString()


def _chunks(page: Iterable[Entry]) -> Iterator[bytes]:
    """The messages of a page. Each costs the event loop a moment, so each is made when it is due."""
    response, rows, chars = wire.DownloadReferenceResponse(), 0, 0
    for entry in page:
        line = entry.line or ""
        response.rows.rows.add(key=entry.key, line=line, is_removed=entry.line is None)
        rows, chars = rows + 1, chars + len(line)
        if rows == CHUNK_ROWS or chars >= CHUNK_CHARS:
            yield response.SerializeToString()
            response, rows, chars = wire.DownloadReferenceResponse(), 0, 0
    if rows:
        yield response.SerializeToString()
