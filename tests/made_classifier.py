"""A classifier of names that is made by hand: words of its lexicon decide, and nothing else does."""

from pathlib import Path
from typing import Final

import numpy as np

from gateway.domain.judging import NamePolicy
from gateway.goods.names.features import COLUMNS
from gateway.goods.names.lexicon import load_lexicon
from gateway.goods.names.model import Calibration, ModelCard, ModelFile, NameModel

LABELS: Final = ("10.51.11", "11.05.10", "11.07.19")
POLICY: Final = NamePolicy(doubt_ppm=20_000, suspect_ppm=100_000, deny_ppm=500_000, overrule_ppm=990_000)

_LEXICON: Final = """
[[group]]
id = "beer"
okpd2 = "11.05.10"
side = "deny"
kind = "word"
strength = "sure"
terms = ["пиво", "светлое пиво"]

[[group]]
id = "energy"
okpd2 = "11.07.19"
side = "allow"
kind = "word"
strength = "sure"
terms = ["энергетик*"]
"""


def made_classifier(folder: Path, version: str = "made-1", denied_at: float = 8.0) -> Path:
    """Write a classifier to a folder: the word «пиво» makes goods denied with log-odds of `denied_at`."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "beer.toml"
    source.write_text(_LEXICON, encoding="utf-8")
    lexicon = load_lexicon(folder)
    table = np.zeros((COLUMNS + len(lexicon.groups), 2), dtype=np.float16)
    # The last column is the linear learner's; a matched group counts half.
    table[COLUMNS, 1] = 2 * (denied_at + 6)
    model = NameModel(
        ModelCard(
            version=version, trained_on="by hand", labels=LABELS, denied=frozenset({"11.05.10"}),
            groups=tuple(group.id for group in lexicon.groups),
            calibration=Calibration(labels=0.0, linear=1.0, intercept=0.0), policy=POLICY, evaluation={},
        ),
        lexicon,
        table,
        bias=np.array([0, -6], dtype=np.float32),
        output=np.zeros((1, len(LABELS)), dtype=np.float32),
        output_bias=np.array([1, 0, 0.5], dtype=np.float32),
    )  # fmt: skip
    stored = folder / "model"
    ModelFile(stored).write(model, [source])
    return stored
