"""Classifiers of names as they were published, each fetched once into a folder that commands share."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import asyncpg

from gateway.goods.names.model import NameModel
from gateway.goods.node_files import FileKind, NodeFile, NodeFiles
from gateway.goods.reference.files import fetch_names
from gateway.goods.reference.reading import StoredVersion


@dataclass
class Classifiers:
    """`files` is where fetched ones are kept, `given` one that speaks instead of any that is published."""

    files: NodeFiles
    given: NameModel | None = None
    _read: dict[str, NameModel] = field(default_factory=dict, init=False)

    async def model(self, connection: asyncpg.Connection, stored: StoredVersion | None) -> NameModel | None:
        """The classifier of a version; None if there is none.

        Raises ListError CONTENT_DAMAGED, GoodsUnavailableError, OSError and what the database raises.
        """
        if self.given is not None or stored is None:
            return self.given
        if stored.version not in self._read:
            file = NodeFile(FileKind.NAMES, stored)
            place = self.files.place(file)
            if not place.is_dir():
                with suppress(FileExistsError):
                    await fetch_names(connection, stored.version, place)
            self._read[stored.version] = cast(NameModel, self.files.open(file))
        return self._read[stored.version]
