"""The trained classifier of names: how it is stored, and what it says of names it has not seen before.

A name's features choose rows of a table, their sum is a hidden layer, and from it come the probabilities of
the labels, ОКПД2 codes. Training is scikit-learn's (`training`); here is only the forward pass, in numpy,
over a file that all workers of a machine map into memory together.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gateway.domain.judging import NamePolicy
from gateway.goods.names.features import COLUMNS, features
from gateway.goods.names.lexicon import Lexicon

FORMAT: Final = 1
LEXICON_WEIGHT: Final = 0.5
"""What a matched group of the lexicon counts, where all other features of a name together have length 1."""

Floats = NDArray[np.float32]


class ModelFileError(ValueError):
    """A classifier's file cannot be used; the message says why and what to do."""


class ModelCard(Struct, frozen=True, kw_only=True):
    """What is known of a classifier besides its numbers: stored in its file, shown to who publishes it.

    `labels` are the ОКПД2 codes it tells apart; `groups` the ids of the lexicon groups it was trained with.
    The probability of denied goods is sigmoid(`slope` × log-odds + `intercept`).
    """

    version: str
    trained_on: str
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    slope: float
    intercept: float
    policy: NamePolicy
    evaluation: dict[str, Any]


@dataclass(frozen=True)
class NameModel:
    """A classifier as loaded; `lexicon` is that of its training.

    Shapes: `table` (COLUMNS + groups, hidden), `hidden_bias` (hidden), `output` (hidden, labels),
    `output_bias` (labels).
    """

    card: ModelCard
    lexicon: Lexicon
    table: NDArray[np.float16]
    hidden_bias: Floats
    output: Floats
    output_bias: Floats

    def probabilities(self, folded: Sequence[str]) -> Floats:
        """Of every name the probability of each label, shape (names, labels)."""
        columns, starts = features(folded)
        counts = np.diff(starts).astype(np.float32)
        rows = np.take(self.table, columns, axis=0).astype(np.float32)
        hidden = np.add.reduceat(rows, starts[:-1], axis=0) / np.sqrt(counts)[:, None]
        for index, name in enumerate(folded):
            for group in self.lexicon.match(name):
                hidden[index] += LEXICON_WEIGHT * self.table[COLUMNS + group].astype(np.float32)
        hidden += self.hidden_bias
        np.maximum(hidden, 0, out=hidden)
        scores = hidden @ self.output + self.output_bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        result: Floats = scores.astype(np.float32, copy=False)
        return result

    def calibrated(self, denied: Floats) -> Floats:
        """Probabilities that goods are denied, from what the labels of denied goods sum up to."""
        clipped = np.clip(denied.astype(np.float64), 1e-9, 1 - 1e-9)
        log_odds = np.log(clipped) - np.log1p(-clipped)
        return (1 / (1 + np.exp(-(self.card.slope * log_odds + self.card.intercept)))).astype(np.float32)


_ARRAYS: Final = ("table", "hidden_bias", "output", "output_bias")


@dataclass(frozen=True)
class ModelFile:
    """A folder of arrays with a card: `card.json`, one .npy file an array, and the lexicon's files."""

    folder: Path

    def write(self, model: NameModel, sources: Sequence[Path]) -> None:
        """Store a classifier with the lexicon files it was trained with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(self.folder / f"{name}.npy", getattr(model, name))
        for path in sources:
            (self.folder / "lexicon").mkdir(exist_ok=True)
            (self.folder / "lexicon" / path.name).write_bytes(path.read_bytes())
        card = {"format": FORMAT, "sha256": self._sums(), **msgspec.to_builtins(model.card)}
        text = json.dumps(card, ensure_ascii=False, indent=1)
        (self.folder / "card.json").write_text(text, encoding="utf-8")

    def _sums(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((*self.folder.glob("*.npy"), *self.folder.glob("lexicon/*.toml")))
        }
