"""The classifier of a catalogue file, kept until the file, the lists or the learning change."""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from gateway.goods.importing.catalogue import CatalogueFile, CatalogueRow
from gateway.goods.importing.categories import CategoryMap
from gateway.goods.names import features, folding, known_words, labels, lexicon, model, policy, training
from gateway.goods.names.labels import Lists
from gateway.goods.names.lexicon import SHIPPED, load_lexicon
from gateway.goods.names.model import ModelFile, ModelFileError, NameModel
from gateway.goods.names.training import Example, Progress, train

_LEARNING: Final = (features, folding, known_words, labels, lexicon, model, policy, training)


def examples_of(file: CatalogueFile) -> Iterator[Example]:
    """The names of a catalogue whose code is known."""
    for row in file.rows():
        if isinstance(row, CatalogueRow) and row.okpd2:
            yield Example(row.name, row.okpd2)


def train_on(path: Path, categories: CategoryMap, lists: Lists, out: Path, progress: Progress) -> NameModel:
    """Learn the names of a catalogue file and store the classifier in a folder.

    Raises ImportFileError, TrainingError, OSError.
    """
    sources = sorted(SHIPPED.glob("*.toml"))
    examples = examples_of(CatalogueFile(path, categories))
    learned = train(examples, lists, load_lexicon(SHIPPED), path.name, progress)
    card = msgspec.structs.replace(learned.card, version=_version_of(learned, sources))
    ModelFile(out).write(dataclasses.replace(learned, card=card), sources)
    return ModelFile(out).read()


def _version_of(learned: NameModel, sources: Sequence[Path]) -> str:
    """By what was learned and by the lexicon: a term that no learned name has decides other names."""
    told = hashlib.sha256(learned.card.version.encode())
    for path in sources:
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


def learned_on(
    path: Path, categories: CategoryMap, lists: Lists, folder: Path, progress: Progress
) -> NameModel:
    """`train_on`, unless `folder` holds what it made of the same file, lists and learning before."""
    kept = place_of(path, lists, folder)
    try:
        return ModelFile(kept).read()
    except ModelFileError:
        return train_on(path, categories, lists, kept, progress)


def place_of(path: Path, lists: Lists, folder: Path) -> Path:
    """Where in `folder` the classifier of a catalogue file is kept; raises OSError without the file."""
    # A set of classes has another order in every process.
    classes = sorted((prefix, sorted(found)) for prefix, found in lists.class_map.by_prefix.items())
    programs = sorted((code, sorted(found)) for code, found in lists.programs.items())
    told = hashlib.sha256(repr((lists.prohibited.rules, classes, programs)).encode())
    sources = (Path(str(module.__file__)) for module in _LEARNING)
    for file in (path, *sources, *sorted(SHIPPED.glob("*.toml"))):
        with file.open("rb") as opened:
            told.update(hashlib.file_digest(opened, "sha256").digest())
    return folder / told.hexdigest()[:16]
