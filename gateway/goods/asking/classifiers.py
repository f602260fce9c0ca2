"""Classifiers of names as they were published, each fetched once into a folder that commands share."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg
import msgspec

from gateway.goods.names.model import ModelFile, NameModel
from gateway.goods.reference.files import fetch_names
from gateway.goods.reference.reading import StoredVersion


@dataclass
class Classifiers:
    """`folder` is where fetched ones are kept, `given` one that speaks instead of any that is published."""

    folder: Path
    given: NameModel | None = None
    _read: dict[str, NameModel] = field(default_factory=dict, init=False)

    async def model(self, connection: asyncpg.Connection, stored: StoredVersion | None) -> NameModel | None:
        """The classifier of a version; None if there is none.

        Raises ListError CONTENT_DAMAGED, ModelFileError, OSError and what the database raises.
        """
        if self.given is not None or stored is None:
            return self.given
        if stored.version not in self._read:
            # By its content: a version's name may be anything.
            folder = self.folder / stored.content_sha256
            if not folder.is_dir():
                with suppress(FileExistsError):
                    await fetch_names(connection, stored.version, folder)
            model = ModelFile(folder).read()
            # Evidence names a classifier as it was published.
            card = msgspec.structs.replace(model.card, version=stored.version)
            self._read[stored.version] = replace(model, card=card)
        return self._read[stored.version]
