"""What the classifier says of names under one edition: a code, and how likely the goods are denied."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gateway.domain.category import ClassMap, ProhibitedList
from gateway.domain.judging import MILLION, is_denied
from gateway.goods.names.folding import fold
from gateway.goods.names.lexicon import Group
from gateway.goods.names.model import NameModel


class Opinion(Struct, frozen=True, gc=False):
    """A guess: `okpd2` is the likeliest code on the likelier side, `denied_ppm` that the goods are denied."""

    okpd2: str
    denied_ppm: int


class Guess(Struct, frozen=True, gc=False):
    """A label with its probability in millionths, and whether the lists deny it."""

    okpd2: str
    ppm: int
    is_denied: bool


class NameTrace(Struct, frozen=True, gc=False):
    """What a classifier saw in a name: the words that its lexicon knows, and its likeliest labels."""

    words: tuple[tuple[str, Group], ...]
    guesses: tuple[Guess, ...]


class Namer:
    """A classifier with the lists that tell which of its labels are denied, and what class each is of."""

    def __init__(self, model: NameModel, prohibited: ProhibitedList, class_map: ClassMap) -> None:
        self.version = model.card.version
        self._model = model
        self._labels = labels = model.card.labels
        rules = [prohibited.rule_for(label) for label in labels]
        self._is_denied = np.array([rule is not None and rule.is_denied for rule in rules])
        self._kinds = _kinds(labels, self._is_denied, class_map)
        self._prohibited = prohibited
        self._rules = model.lexicon.rules

    def opinions(self, names: Sequence[str]) -> list[Opinion | None]:
        """Of each name; None of one without a letter or a digit. One call for many names costs the least."""
        folded = [fold(name) for name in names]
        known = [name for name in folded if name]
        if not known:
            return [None] * len(names)
        probabilities = self._model.probabilities(known)
        denied = probabilities[:, self._is_denied].sum(axis=1)
        # Of the allowed goods first the likeliest class, then the likeliest code in it: many codes that share
        # a class must not lose to one that stands alone.
        by_kind = probabilities @ self._kinds
        by_kind[denied >= 0.5, 1:] = -1
        by_kind[denied < 0.5, 0] = -1
        kind = by_kind.argmax(axis=1)
        best = (probabilities * self._kinds[:, kind].T).argmax(axis=1)
        found = iter(
            [
                self._by_rule(name) or Opinion(self._labels[label], min(round(float(p) * MILLION), MILLION))
                for name, label, p in zip(known, best, denied, strict=True)
            ]
        )
        return [next(found) if name else None for name in folded]

    def _by_rule(self, folded: str) -> Opinion | None:
        """What the lexicon's rules say of a name, where the list denies those goods.

        Whoever learns from a catalogue of goods has never seen a gift card or a top-up.
        """
        if self._rules is None:
            return None
        codes = [self._rules.groups[number].okpd2 for number in sorted(self._rules.match(folded))]
        denied = next((code for code in codes if is_denied(code, self._prohibited)), None)
        return None if denied is None else Opinion(denied, MILLION)

    def trace(self, name: str, labels: int = 3) -> NameTrace:
        """What makes it think so of one name; nothing of one without a letter or a digit."""
        folded = fold(name)
        if not folded:
            return NameTrace((), ())
        [probabilities] = self._model.probabilities([folded])
        likeliest = np.argsort(-probabilities, kind="stable")[:labels]
        guesses = [
            Guess(
                self._labels[label],
                round(float(probabilities[label]) * MILLION),
                bool(self._is_denied[label]),
            )
            for label in likeliest
        ]
        ruled = self._rules.spoken(folded) if self._rules is not None else []
        return NameTrace((*ruled, *self._model.lexicon.spoken(folded)), tuple(guesses))


def _kinds(labels: Sequence[str], is_denied: NDArray[np.bool_], class_map: ClassMap) -> NDArray[np.float32]:
    """Shape (labels, kinds): which labels are of one kind; the first kind is that of denied goods."""
    kind_of = [
        "" if denied else "+".join(sorted(class_map.classes_of(label)))
        for label, denied in zip(labels, is_denied, strict=True)
    ]
    kinds = ["", *sorted(set(kind_of) - {""})]
    return np.array([[float(kind == own) for kind in kinds] for own in kind_of], dtype=np.float32)
