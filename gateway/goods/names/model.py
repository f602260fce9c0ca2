"""The trained classifier of names: how it is stored, and what it says of names it has not seen before.

A name's features choose rows of a table. Their sum is a hidden layer, from which come the probabilities of
the labels, ОКПД2 codes; and beside it the score of a linear learner, which knows denied goods and no labels:
the two err on different names, and are calibrated together. Training is scikit-learn's (`training`); here is
only the forward pass, in numpy, over a file that all workers of a machine map into memory together.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gateway.domain.judging import NamePolicy
from gateway.goods.names.features import COLUMNS, features
from gateway.goods.names.known_words import KnownWords
from gateway.goods.names.lexicon import Lexicon, load_lexicon

FORMAT: Final = 2
LEXICON_WEIGHT: Final = 0.5
"""What a matched group of the lexicon counts, where all other features of a name together have length 1."""

DENY_SURE_LOG_ODDS: Final = 6.0
DENY_HINT_LOG_ODDS: Final = 2.0
DENY_HINT_IF_NEW_LOG_ODDS: Final = 3.0
ALLOW_SURE_LOG_ODDS: Final = -5.0
ALLOW_HINT_LOG_ODDS: Final = -3.0
"""What a name's terms add to the log-odds of denied goods, above the classifier, which has learned them too.

It knows how much a term tells in its catalogue. Elsewhere (another language, a flavour of chocolate) sure
terms tell more than the letters do, and hints most in names whose words are new to it. A term that clears is
heard before one that denies, and says nothing where there is nothing to clear. Chosen on names that were not
learned: ADR 0017."""

NEW_PART: Final = 0.6
"""A name is new to a classifier from this part of new words on."""

STRENGTH_MIN: Final = 1.2
STRENGTH_MAX: Final = 60.0
_PERCENT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")

_TINY: Final = np.float32(1e-12)

Floats = NDArray[np.float32]


class ModelFileError(ValueError):
    """A classifier's file cannot be used; the message says why and what to do."""


class Calibration(Struct, frozen=True):
    """Log-odds of denied goods: `labels` × those of the labels + `linear` × linear score + `intercept`."""

    labels: float
    linear: float
    intercept: float


class ModelCard(Struct, frozen=True, kw_only=True):
    """What is known of a classifier besides its numbers: stored in its file, shown to who publishes it.

    `labels` are the ОКПД2 codes it tells apart, `denied` those among them that were denied when it learned;
    `groups` are the ids of the lexicon groups it was trained with. `policy` holds from which probability a
    guess counts, `evaluation` what that led to on names held out.
    """

    version: str
    trained_on: str
    labels: tuple[str, ...]
    denied: frozenset[str]
    groups: tuple[str, ...]
    calibration: Calibration
    policy: NamePolicy
    evaluation: dict[str, Any]


@dataclass(frozen=True)
class Scores:
    """What the two learners say of names, before calibration.

    Shapes: `probabilities` (names, labels), `log_odds` (names, 2): of denied goods by the labels, and linear;
    `lexicon` (names): what the lexicon adds to the log-odds after calibration.
    """

    probabilities: Floats
    log_odds: Floats
    lexicon: Floats


@dataclass(frozen=True)
class NameModel:
    """A classifier as loaded; `lexicon` is that of its training.

    Shapes: `table` (COLUMNS + groups, hidden + 1), whose last column is the linear learner's, `bias`
    (hidden + 1), `output` (hidden, labels), `output_bias` (labels). `words` are the bits of KnownWords.
    """

    card: ModelCard
    lexicon: Lexicon
    table: Floats
    bias: Floats
    output: Floats
    output_bias: Floats
    words: NDArray[np.uint8]

    def probabilities(self, folded: Sequence[str]) -> Floats:
        """Of every name the calibrated probability of each label, shape (names, labels)."""
        scores = self.scores(folded)
        denied = probability_of(scores, self.card.calibration)[:, None]
        by_label, is_denied = scores.probabilities, self.is_denied
        before = (by_label @ is_denied)[:, None]
        # The calibrated odds decide between the two sides; within each the labels keep their shares.
        of_denied, of_allowed = denied / (before + _TINY), (1 - denied) / (1 - before + _TINY)
        result: Floats = by_label * (of_allowed + (of_denied - of_allowed) * is_denied).astype(np.float32)
        return result

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All numbers, in the order in which they are stored."""
        return tuple(getattr(self, name) for name in _ARRAYS)

    @cached_property
    def known_words(self) -> KnownWords:
        """The words that it has learned from."""
        return KnownWords(self.words)

    @cached_property
    def is_denied(self) -> Floats:
        """Shape (labels): 1 for labels that were denied in training, 0 for the others."""
        return np.array([label in self.card.denied for label in self.card.labels], dtype=np.float32)

    def scores(self, folded: Sequence[str]) -> Scores:
        """What each learner says of every name; for calibration and decisions alike."""
        columns, starts = features(folded)
        counts = np.diff(starts).astype(np.float32)
        rows = np.take(self.table, columns, axis=0)
        sums = np.add.reduceat(rows, starts[:-1], axis=0) / np.sqrt(counts)[:, None]
        matched = [self.lexicon.match(name) for name in folded]
        if groups := [(index, COLUMNS + group) for index, found in enumerate(matched) for group in found]:
            names, columns = np.array(groups).T
            np.add.at(sums, names, LEXICON_WEIGHT * self.table[columns])
        sums += self.bias
        outputs = np.tanh(sums[:, :-1]) @ self.output + self.output_bias
        outputs -= outputs.max(axis=1, keepdims=True)
        np.exp(outputs, out=outputs)
        outputs /= outputs.sum(axis=1, keepdims=True)
        denied, allowed = outputs @ self.is_denied, outputs @ (1 - self.is_denied)
        of_labels = np.log(denied + _TINY) - np.log(allowed + _TINY)
        above = [
            self._above(name, numbers) if numbers else 0.0
            for name, numbers in zip(folded, matched, strict=True)
        ]
        return Scores(outputs, np.column_stack([of_labels, sums[:, -1]]), np.array(above, dtype=np.float32))

    def _above(self, folded: str, numbers: Iterable[int]) -> float:
        """What the matched groups of a name add to its log-odds."""
        groups = [self.lexicon.groups[number] for number in numbers]
        denying = [group.is_sure for group in groups if group.is_deny]
        clearing = [group.is_sure for group in groups if not group.is_deny]
        if not clearing and any(denying):
            return DENY_SURE_LOG_ODDS
        is_new = self.known_words.part_new(folded) >= NEW_PART
        if any(clearing):
            return ALLOW_SURE_LOG_ODDS if denying or is_new else 0.0
        if not clearing:
            return DENY_HINT_IF_NEW_LOG_ODDS if is_new else DENY_HINT_LOG_ODDS
        # «напиток газированный» clears a flavour of gin, but not at 8.8%.
        is_cleared = is_new or (denying and not _tells_strength(folded))
        return ALLOW_HINT_LOG_ODDS if is_cleared else 0.0


def _tells_strength(folded: str) -> bool:
    """Whether a name tells a percentage that a drink may have of alcohol."""
    return any(STRENGTH_MIN <= float(percent) <= STRENGTH_MAX for percent in _PERCENT.findall(folded))


def probability_of(scores: Scores, calibration: Calibration) -> NDArray[np.float64]:
    """The probability of denied goods, shape (names): calibrated, and then what the lexicon adds."""
    of_labels, linear = scores.log_odds.T.astype(np.float64)
    mixed = calibration.labels * of_labels + calibration.linear * linear + calibration.intercept
    result: NDArray[np.float64] = 1 / (1 + np.exp(-(mixed + scores.lexicon)))
    return result


_ARRAYS: Final = ("table", "bias", "output", "output_bias", "words")


@dataclass(frozen=True)
class ModelFile:
    """A folder of arrays with a card: `card.json`, one .npy file an array, and the lexicon's files."""

    folder: Path

    def write(self, model: NameModel, sources: Sequence[Path]) -> None:
        """Store a classifier with the lexicon files of its training; the card last, so that none is half."""
        (self.folder / _LEXICON).mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(self.folder / f"{name}.npy", getattr(model, name))
        for path in sources:
            (self.folder / _LEXICON / path.name).write_bytes(path.read_bytes())
        stored = _Stored(format=FORMAT, sha256=self._sums(), card=model.card)
        text = msgspec.json.format(msgspec.json.encode(stored), indent=1)
        (self.folder / _CARD).write_bytes(text + b"\n")

    def read(self) -> NameModel:
        """The stored classifier, its arrays mapped into memory; raises ModelFileError."""
        try:
            stored = msgspec.json.decode((self.folder / _CARD).read_bytes(), type=_Stored)
        except (OSError, msgspec.MsgspecError) as error:
            raise ModelFileError(f"{self.folder}: holds no classifier that can be read: {error}") from error
        if stored.format != FORMAT:
            raise ModelFileError(f"{self.folder}: is of format {stored.format}, not {FORMAT}: train it again")
        if stored.sha256 != self._sums():
            raise ModelFileError(f"{self.folder}: its files are not those that its card names; copy it again")
        arrays = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
        return NameModel(stored.card, load_lexicon(self.folder / _LEXICON), **arrays)

    def _sums(self) -> dict[str, str]:
        paths = [self.folder / f"{name}.npy" for name in _ARRAYS] + sorted(
            self.folder.glob(f"{_LEXICON}/*.toml")
        )
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.exists()
        }


_CARD: Final = "card.json"
_LEXICON: Final = "lexicon"


class _Stored(Struct, frozen=True):
    """What stands in card.json."""

    format: int
    sha256: dict[str, str]
    card: ModelCard
