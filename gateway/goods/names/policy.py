"""From calibrated probabilities to what a name may do: thresholds, and how often they are wrong."""

from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.domain.judging import MILLION, NamePolicy

FALSE_REJECT_AIM: Final = 0.0045
"""This part of allowed names held out may be refused: of others it is up to a third more or less, and more
than 0.6 % must not be (ADR 0017). How many denied names pass then says the evaluation: too few are held out
to choose by them."""

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

    `denied` is what was guessed, `truth` whether they are denied, both of shape (names,). Needs names of
    allowed goods.
    """
    wrong = np.sort(denied[~truth])
    suspect = min(_above_all_but(FALSE_REJECT_AIM, wrong), DENY_PPM)
    certain = int((denied * MILLION >= DENY_PPM).sum())
    looked_at = int(len(denied) * QUEUE_PART)
    doubt = _just_above(np.sort(denied)[max(len(denied) - certain - looked_at - 1, 0)])
    overrule = _above_all_but(OVERRULE_FALSE_PART, wrong)
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


def _above_all_but(part: float, ascending: Probabilities) -> int:
    """The threshold that at most this part of some probabilities reaches."""
    return _just_above(ascending[ceil(len(ascending) * (1 - part)) - 1])


def _just_above(probability: float) -> int:
    # Opinions are rounded to millionths, so 0.6 of one must lie below the threshold as 1 does.
    return int(np.round(probability * MILLION)) + 1
