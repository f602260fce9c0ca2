"""The classifier's opinions are remembered by name, apart from what else lines are judged by."""

from collections.abc import Sequence
from typing import Any

from gateway.goods.names.opinions import Opinion
from gateway.goods.names.remembered import RememberedNamer

BREAD, BEER = Opinion("10.71.11.110", 5), Opinion("11.05.10.120", 990_000)


class Classifier:
    """Knows two names, and keeps what it was asked."""

    version = "n1"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def opinions(self, names: Sequence[str]) -> list[Opinion | None]:
        """Of each name; of others none."""
        self.asked.append(list(names))
        return [{"хлеб": BREAD, "пиво": BEER}.get(name) for name in names]


def test_a_name_goes_to_the_classifier_once() -> None:
    """New names of a call go together; one of which it tells nothing is asked for again."""
    classifier: Any = Classifier()
    namer = RememberedNamer(classifier)
    assert "n1" == namer.version
    assert [BREAD, None] == namer.opinions(["хлеб", "..."])
    assert [None, BREAD, BEER, BREAD] == namer.opinions(["...", "хлеб", "пиво", "хлеб"])
    assert [BEER, BREAD] == namer.opinions(["пиво", "хлеб"])
    assert [["хлеб", "..."], ["...", "пиво"]] == classifier.asked
