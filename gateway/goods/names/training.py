"""Training the classifier of names on a catalogue: scikit-learn learns, a part held out judges."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from gateway.domain.judging import NAMES_UNHEARD
from gateway.goods.evaluation.rates import program_rates
from gateway.goods.names.features import COLUMNS, features
from gateway.goods.names.folding import fold
from gateway.goods.names.known_words import KnownWords
from gateway.goods.names.labels import Lists, labels_of
from gateway.goods.names.lexicon import Lexicon
from gateway.goods.names.model import (
    LEXICON_WEIGHT,
    Calibration,
    Floats,
    ModelCard,
    NameModel,
    probability_of,
)
from gateway.goods.names.opinions import Namer
from gateway.goods.names.policy import choose_policy, rates_of

HELD_OUT: Final = 5
"""One name in so many is kept out of the first training, to calibrate and judge by."""

NAMES_MIN: Final = 200
ROWS_MAX: Final = 400_000
HIDDEN: Final = 63
"""With the linear learner's column a row of the table is 256 bytes: whole lines of a processor's cache."""

EPOCHS: Final = 5
STEPS_PER_EPOCH: Final = 100
"""Names of a large catalogue share a step, so that learning costs the same number of steps."""
BATCH: Final = 64
"""Of a small catalogue: with 512 its 4,500 names made nine steps an epoch, and 12.5 % of other names of such
goods were taken for another class; with 64 it is 2.2 %, for 5 s more."""
STEPS_PER_EPOCH_MIN: Final = 4
LEARNING_RATE: Final = 0.005
DECAY: Final = 1e-6
LINEAR_C: Final = 100.0
USED_PART_MAX: Final = 0.5
"""If more of the columns have names than this, all are learned."""

Progress: TypeAlias = Callable[[str, float], None]
"""Told what is being done and how much of it is done, 0 to 1."""


class TrainingError(ValueError):
    """A catalogue is no good for training; the message says why."""


class Example(Struct, frozen=True, gc=False):
    """A name and the code of its goods."""

    name: str
    okpd2: str


@dataclass(frozen=True)
class Examples:
    """Folded names with the numbers of their labels."""

    folded: Sequence[str]
    targets: NDArray[np.int64]
    labels: tuple[str, ...]

    def part(self, chosen: NDArray[np.bool_]) -> "Examples":
        """Those that are chosen."""
        at = np.flatnonzero(chosen)
        return Examples([self.folded[i] for i in at.tolist()], self.targets[at], self.labels)


def train(
    examples: Iterable[Example], lists: Lists, lexicon: Lexicon, trained_on: str, progress: Progress
) -> NameModel:
    """Learn names of a catalogue; `trained_on` says which. Raises TrainingError if there is too little.

    A part of the names is held out: it calibrates the probabilities, chooses the policy and judges. The
    stored classifier has then learned all names.
    """
    known = _prepared(examples, lists)
    is_denied = np.array([lists.is_denied(label) for label in known.labels])
    held_out = np.array([_is_held_out(name) for name in known.folded])
    tested = known.part(held_out)
    truth = is_denied[tested.targets]
    if not (truth.any() and (~truth).any() and is_denied[known.targets[~held_out]].any()):
        raise TrainingError("the catalogue needs names of goods that are denied, and of goods that are not")
    card = ModelCard(
        version="",
        trained_on=trained_on,
        labels=known.labels,
        denied=frozenset(label for label in known.labels if lists.is_denied(label)),
        groups=tuple(group.id for group in lexicon.groups),
        calibration=Calibration(1.0, 0.0, 0.0),
        policy=NAMES_UNHEARD,
        evaluation={},
    )
    trial = _learn(
        known.part(~held_out), card, lexicon, lambda done: progress("learning all but a part", done)
    )
    scores = trial.scores(tested.folded)
    calibration = _calibrate(scores.log_odds, truth)
    denied = probability_of(scores, calibration)
    policy = choose_policy(denied, truth)
    card = msgspec.structs.replace(card, calibration=calibration, policy=policy)
    model = _learn(known, card, lexicon, lambda done: progress("learning all", done))
    content = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in model.arrays))
    evaluation: dict[str, Any] = {
        "names": len(known.folded),
        "held_out": len(tested.folded),
        "denied_held_out": int(truth.sum()),
        **rates_of(denied, truth, policy),
        "programs": _program_rates(dataclasses.replace(trial, card=card), tested, lists),
    }
    card = msgspec.structs.replace(card, version=content.hexdigest()[:12], evaluation=evaluation)
    return dataclasses.replace(model, card=card)


def _program_rates(trial: NameModel, tested: Examples, lists: Lists) -> dict[str, dict[str, Any]]:
    """How often a program would pay another one's goods of names held out, as a lone name decides."""
    opinions = Namer(trial, lists.prohibited, lists.class_map).opinions(tested.folded)
    limit_ppm = trial.card.policy.suspect_ppm
    decided = [said.okpd2 if said and said.denied_ppm < limit_ppm else "" for said in opinions]
    truths = [tested.labels[target] for target in tested.targets]
    return program_rates(zip(truths, decided, strict=True), lists.programs, lists.class_map.classes_of)


def _calibrate(log_odds: Floats, truth: NDArray[np.bool_]) -> Calibration:
    fitted = LogisticRegression(C=1.0).fit(log_odds, truth)
    of_labels, linear = map(float, fitted.coef_[0])
    return Calibration(of_labels, linear, float(fitted.intercept_[0]))


def _prepared(examples: Iterable[Example], lists: Lists) -> Examples:
    """Distinct folded names; of one that has several codes the first, denied before allowed."""
    code_of: dict[str, str] = {}
    for example in examples:
        folded = fold(example.name)
        is_denied = lists.is_denied(example.okpd2)
        if not folded or (lists.prohibited.is_too_coarse(example.okpd2) and not is_denied):
            continue
        known = code_of.get(folded)
        if known is None or (is_denied and not lists.is_denied(known)):
            code_of[folded] = example.okpd2
    if len(code_of) < NAMES_MIN:
        raise TrainingError(f"{len(code_of)} names have a code; at least {NAMES_MIN} are needed")
    label_of = labels_of(Counter(code_of.values()), lists)
    chosen = [(name, label_of[code]) for name, code in code_of.items() if label_of[code]]
    labels = tuple(sorted({label for _, label in chosen}))
    number_of = {label: number for number, label in enumerate(labels)}
    targets = np.array([number_of[label] for _, label in chosen], dtype=np.int64)
    return _thinned(Examples([name for name, _ in chosen], targets, labels), lists)


def _thinned(examples: Examples, lists: Lists) -> Examples:
    """At most ROWS_MAX names; labels with many give up the most, those of denied goods nothing."""
    total = len(examples.folded)
    if total <= ROWS_MAX:
        return examples
    random = np.random.default_rng(0)
    counts = np.bincount(examples.targets, minlength=len(examples.labels))
    is_denied = np.array([lists.is_denied(label) for label in examples.labels])
    room = ROWS_MAX - min(int(counts[is_denied].sum()), ROWS_MAX // 2)
    cap = _cap(counts[~is_denied], room)
    caps = np.where(is_denied, max(cap, ROWS_MAX // 2 // max(int(is_denied.sum()), 1)), cap)
    chosen = random.random(total) < (caps / np.maximum(counts, 1))[examples.targets]
    return examples.part(chosen)


def _cap(counts: NDArray[np.int64], room: int) -> int:
    """The largest cap with which all counts together stay within the room."""
    low, high = 1, int(counts.max(initial=1))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() <= room else (low, middle - 1)
    return low


def _is_held_out(folded: str) -> bool:
    """By the name itself, so that the same names are held out whatever else is in a catalogue."""
    return hashlib.blake2b(folded.encode(), digest_size=4).digest()[0] % HELD_OUT == 0


def _matrix(folded: Sequence[str], lexicon: Lexicon) -> csr_matrix:
    """Features of names as NameModel weighs them, shape (names, COLUMNS + groups)."""
    columns, starts = features(folded)
    counts = np.diff(starts)
    weights = np.repeat(1 / np.sqrt(counts), counts).astype(np.float32)
    of_letters = csr_matrix((weights, columns, starts), shape=(len(folded), COLUMNS))
    of_letters.sum_duplicates()
    matched = [sorted(lexicon.match(name)) for name in folded]
    ends = np.cumsum([0, *map(len, matched)])
    groups = np.array([group for found in matched for group in found], dtype=np.int64)
    values = np.full(len(groups), LEXICON_WEIGHT, dtype=np.float32)
    of_words = csr_matrix((values, groups, ends), shape=(len(folded), len(lexicon.groups)))
    return hstack([of_letters, of_words], format="csr")


def _used(matrix: csr_matrix) -> NDArray[np.int64]:
    """The columns worth learning: each costs the same time in every step, whether a name has it or not.

    A large catalogue has names for nearly all; of a small one the others say nothing of any name.
    """
    used = np.unique(matrix.indices).astype(np.int64)
    return used if len(used) <= USED_PART_MAX * matrix.shape[1] else np.arange(matrix.shape[1])


def _learn(
    examples: Examples, card: ModelCard, lexicon: Lexicon, progress: Callable[[float], None]
) -> NameModel:
    matrix, count = _matrix(examples.folded, lexicon), len(examples.folded)
    used = _used(matrix)
    matrix = matrix[:, used]
    is_denied = np.array([label in card.denied for label in card.labels])
    linear = LogisticRegression(C=LINEAR_C, solver="liblinear", random_state=0)
    linear.fit(matrix, is_denied[examples.targets])
    learner = MLPClassifier(
        (HIDDEN,),
        activation="tanh",
        batch_size=max(min(BATCH, count // STEPS_PER_EPOCH_MIN), count // STEPS_PER_EPOCH),
        learning_rate_init=LEARNING_RATE,
        alpha=DECAY,
        random_state=0,
    )
    for epoch in range(EPOCHS):
        if epoch:
            # partial_fit knows no schedule of its own; without one the last names weigh too much.
            learner._optimizer.learning_rate_init = LEARNING_RATE * (1 - epoch / EPOCHS)
        learner.partial_fit(matrix, examples.targets, classes=np.arange(len(examples.labels)))
        progress((epoch + 1) / EPOCHS)
    (learned, output), (bias, output_bias) = learner.coefs_, learner.intercepts_
    table = np.zeros((COLUMNS + len(lexicon.groups), HIDDEN + 1), dtype=np.float32)
    table[used] = np.hstack([learned, linear.coef_.T])
    return NameModel(
        card=card,
        lexicon=lexicon,
        table=table,
        bias=np.append(bias, linear.intercept_).astype(np.float32),
        output=output.astype(np.float32),
        output_bias=output_bias.astype(np.float32),
        words=KnownWords.of(examples.folded).bits,
    )
