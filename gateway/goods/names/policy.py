"""From calibrated probabilities to what a name may do: thresholds, and how often they are wrong."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.domain.judging import MILLION, NamePolicy

FALSE_ACCEPT_BOUND: Final = 0.008
FALSE_REJECT_BOUND: Final = 0.006
"""Of names alone at most these parts may be wrong; the threshold stays as far from one as from the other."""

FALSE_REJECT_AIM: Final = 0.0045
"""At most this part of allowed names held out may be refused: they are few, and on others it may be a third
more or less (ADR 0017)."""

DENY_PPM: Final = MILLION // 2
"""A name that is likelier denied than not is refused, and nobody needs to look."""

QUEUE_PART: Final = 0.015
"""At most this part of all names is queued."""

OVERRULE_FALSE_PART: Final = 0.0002
"""At most this part of allowed goods may be refused against the word of a trusted source."""

Probabilities = NDArray[np.float64]
Truth = NDArray[np.bool_]


def choose_policy(denied: Probabilities, truth: Truth) -> NamePolicy:
    """Thresholds for names whose goods are known.

    `denied` is what was guessed, `truth` whether they are denied, both of shape (names,). Needs names of both
    kinds.
    """
    wrong, right = np.sort(denied[~truth]), np.sort(denied[truth])
    candidates = wrong[int(len(wrong) * (1 - FALSE_REJECT_AIM)) :]
    accepted = np.searchsorted(right, candidates, side="right") / len(right)
    rejected = 1 - np.searchsorted(wrong, candidates, side="right") / len(wrong)
    worst = np.maximum(accepted / FALSE_ACCEPT_BOUND, rejected / FALSE_REJECT_BOUND)
    suspect = min(_just_above(candidates[worst.argmin()]), DENY_PPM)
    certain = int((denied * MILLION >= DENY_PPM).sum())
    looked_at = int(len(denied) * QUEUE_PART)
    doubt = _just_above(np.sort(denied)[max(len(denied) - certain - looked_at - 1, 0)])
    overrule = _just_above(wrong[int(len(wrong) * (1 - OVERRULE_FALSE_PART)) - 1])
    return NamePolicy(
        doubt_ppm=min(doubt, suspect),
        suspect_ppm=suspect,
        deny_ppm=DENY_PPM,
        overrule_ppm=max(overrule, DENY_PPM),
    )


def rates_of(denied: Probabilities, truth: Truth, policy: NamePolicy) -> dict[str, float]:
    """How often a lone name is decided wrongly under a policy, and how many are queued: parts of 1."""
    ppm = np.round(denied * MILLION)
    is_refused = ppm >= policy.suspect_ppm
    return {
        "false_accept_rate": round(float((~is_refused[truth]).mean()), 6),
        "false_reject_rate": round(float(is_refused[~truth].mean()), 6),
        "queue_rate": round(float(((ppm >= policy.doubt_ppm) & (ppm < policy.deny_ppm)).mean()), 6),
        "overrule_false_rate": round(float((ppm[~truth] >= policy.overrule_ppm).mean()), 6),
    }


def _just_above(probability: float) -> int:
    return int(np.floor(probability * MILLION)) + 1
