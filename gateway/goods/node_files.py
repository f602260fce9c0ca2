"""The files of a node: catalogues and classifiers that its processes map into memory together.

They are made from the database (`preparing`), which stays the source of truth: whatever lies here may be
removed, and is made again. A folder is there whole or not at all, and never changes.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from gateway.domain.judging import GoodsUnavailableError
from gateway.goods.catalogue_store import CatalogueStoreError, StoredCatalogue, open_catalogue
from gateway.goods.editions import GoodsEdition
from gateway.goods.loader import ListFileError
from gateway.goods.names.model import ModelFile, ModelFileError, NameModel
from gateway.goods.reference.reading import StoredVersion

REMEDY: Final = "`tillgate goods prepare` makes it"

_LOCK: Final = ".lock"

OpenFile: TypeAlias = StoredCatalogue | NameModel


class FileKind(StrEnum):
    """What a node keeps as files."""

    CATALOGUE = "catalogue"
    NAMES = "names"


class NodeFile(Struct, frozen=True):
    """A published version as a node keeps it: in a folder, named by what is in it."""

    kind: FileKind
    version: StoredVersion

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.kind}-{self.version.number}-{self.version.content_sha256[:16]}"


def files_of(editions: Iterable[GoodsEdition]) -> tuple[NodeFile, ...]:
    """What these editions need, each once, in their order."""
    found = {}
    for edition in editions:
        for kind, version in ((FileKind.CATALOGUE, edition.catalogue), (FileKind.NAMES, edition.names)):
            if version is not None:
                file = NodeFile(kind, version)
                found[file.name] = file
    return tuple(found.values())


@dataclass(frozen=True)
class NodeFiles:
    """The folder of a node's files."""

    folder: Path

    def place(self, file: NodeFile) -> Path:
        """Where a file lies, or is to lie."""
        return self.folder / file.name

    def open(self, file: NodeFile) -> OpenFile:
        """A file, mapped into memory, under the version that was published; raises GoodsUnavailableError."""
        place = self.place(file)
        if not place.is_dir():
            raise GoodsUnavailableError(f"{place} is not there yet; {REMEDY}")
        try:
            if file.kind is FileKind.CATALOGUE:
                return replace(open_catalogue(place), version=file.version.version)
            model = ModelFile(place).read()
        except (CatalogueStoreError, ModelFileError, ListFileError, OSError, ValueError) as error:
            raise GoodsUnavailableError(f"{error}; {REMEDY}") from error
        return replace(model, card=msgspec.structs.replace(model.card, version=file.version.version))

    def strangers(self, wanted: Iterable[NodeFile]) -> list[Path]:
        """Folders of versions that are not wanted, and what an interrupted making has left behind."""
        names = {file.name for file in wanted}
        return sorted(path for path in self.folder.iterdir() if path.is_dir() and path.name not in names)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the one process of the node that makes files; waits for the one before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _descriptor(self.folder / _LOCK) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def is_locked(self) -> bool:
        """Whether some process of the node makes files at this moment."""
        with suppress(OSError), _descriptor(self.folder / _LOCK) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


@contextmanager
def _descriptor(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
