"""A classifier of names: what it learns, how it is kept, and from when on its word counts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.judging import MILLION
from gateway.goods.names import model
from gateway.goods.names.features import COLUMNS, features
from gateway.goods.names.folding import fold
from gateway.goods.names.known_words import KnownWords
from gateway.goods.names.lexicon import SHIPPED
from gateway.goods.names.model import ModelFile, ModelFileError
from gateway.goods.names.opinions import Namer
from gateway.goods.names.policy import FALSE_REJECT_AIM, choose_policy, rates_of
from gateway.goods.names.training import Example, TrainingError, train
from tests import names_kit
from tests.names_kit import LEXICON, learned, lists


def namer() -> Namer:
    """What the learned classifier says under the newest lists."""
    return Namer(learned(), lists().prohibited, lists().class_map)


def test_names_never_seen_are_told_apart_by_their_words() -> None:
    """A new maker of vodka is denied, and of bread is not; each with a code of its kind."""
    vodka, bread = namer().opinions(["ВОДКА ТУМАННАЯ 0.7", "Хлеб туманный 400г"])
    assert vodka is not None
    assert bread is not None
    assert vodka.denied_ppm > MILLION // 2 > bread.denied_ppm
    assert (vodka.okpd2[:5], bread.okpd2[:5]) == ("11.01", "10.71")


def test_a_name_without_a_letter_or_digit_is_no_opinion() -> None:
    """Nothing is guessed from nothing, alone or in a basket."""
    assert [None] == namer().opinions(["***"])
    told = namer().opinions(["...", "Молоко"])
    assert (None, True) == (told[0], told[1] is not None)


def test_a_basket_is_told_as_its_names_one_by_one() -> None:
    """One call for all says what a call for each says."""
    names = [example.name for example in names_kit.examples()][::37]
    alone = [namer().opinions([name])[0] for name in names]
    for one, together in zip(alone, namer().opinions(names), strict=True):
        assert one is not None
        assert together is not None
        assert one.okpd2 == together.okpd2
        assert abs(one.denied_ppm - together.denied_ppm) <= 5


def test_words_of_the_lexicon_stand_above_what_was_learned() -> None:
    """A foreign word that was in no name denies, and a word for sweets beside it clears."""
    plain, denied, cleared = namer().opinions(["x y", "absolut y", "truffles absolut y"])
    assert plain is not None
    assert denied is not None
    assert cleared is not None
    assert denied.denied_ppm > plain.denied_ppm > cleared.denied_ppm


@pytest.mark.parametrize(
    ("name", "log_odds"),
    [
        ("Хлеб северная", 0.0),
        ("Absolut северная", model.DENY_SURE_LOG_ODDS),
        ("Хлеб северная reserve", model.DENY_HINT_LOG_ODDS),
        ("Pane fresco reserve", model.DENY_HINT_IF_NEW_LOG_ODDS),
        ("Конфеты северная", 0.0),
        ("Конфеты absolut северная", model.ALLOW_SURE_LOG_ODDS),
        ("Truffles fresco", model.ALLOW_SURE_LOG_ODDS),
        ("Хлеб северная газированный", 0.0),
        ("Хлеб северная reserve газированный", model.ALLOW_HINT_LOG_ODDS),
        ("Хлеб absolut северная газированный 0,5%", model.ALLOW_HINT_LOG_ODDS),
        ("Хлеб absolut северная газированный 8,8%", 0.0),
        ("Pane fresco reserve газированный", model.ALLOW_HINT_LOG_ODDS),
    ],
)
def test_terms_of_the_lexicon_add_what_they_tell(name: str, log_odds: float) -> None:
    """One that clears is heard first, where there is something to clear; but no hint against a strength."""
    [added] = learned().scores([fold(name)]).lexicon
    assert log_odds == added


@given(st.sets(st.text("абвгд", min_size=2, max_size=8)), st.text("абвгд", min_size=2, max_size=8))
def test_a_word_learned_from_is_never_new(words: set[str], other: str) -> None:
    """And numbers, units and no words at all are not new either."""
    known = KnownWords.of([" ".join(sorted(words)), "0.5 л"])
    assert 0.0 == known.part_new(" ".join(words))
    assert 0.0 == known.part_new("1.5 л 20")
    assert known.part_new(other) in ({0.0} if other in words else {0.0, 1.0})
    assert 1.0 == KnownWords.of([]).part_new(other)


def test_what_learning_does_not_see_it_is_judged_by() -> None:
    """The card tells how names held out were decided, and how often a program would pay another's goods."""
    evaluation = learned().card.evaluation
    assert evaluation["held_out"] > 20
    assert (0.0, 0.0) == (evaluation["false_accept_rate"], evaluation["false_reject_rate"])
    assert 0 == evaluation["programs"]["durable"]["inside"]
    assert 0.0 == evaluation["programs"]["food"]["outside_program_accept_rate"]


def test_a_stored_classifier_says_the_same_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    """Its numbers are mapped as they were; a file that its card does not name is no part of it."""
    file = ModelFile(tmp_path / "names")
    file.write(learned(), sorted(SHIPPED.glob("wine.toml")))
    names = ["водка лесная", "батон"]
    # The lexicon stored with it is another one than it learned with: compare where neither says anything.
    assert np.allclose(learned().probabilities(names), file.read().probabilities(names), atol=1e-6)
    np.save(file.folder / "bias.npy", np.zeros(3))
    with pytest.raises(ModelFileError, match="are not those that its card names"):
        file.read()


@pytest.mark.parametrize("card", ["", "{}", json.dumps({"format": 99, "sha256": {}, "card": {}})])
def test_a_folder_that_is_no_classifier_is_refused_by_name(tmp_path: Path, card: str) -> None:
    """Whatever stands in its card."""
    (tmp_path / "card.json").write_text(card)
    with pytest.raises(ModelFileError, match=str(tmp_path)):
        ModelFile(tmp_path).read()


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([Example("Хлеб", "10.71.11")], "1 names have a code; at least 200"),
        ([Example(f"Хлеб {n}", "10.71.11") for n in range(300)], "goods that are denied"),
        ([Example(f"Водка {n}", "11.01.10.111") for n in range(300)], "goods that are not"),
    ],
)
def test_a_catalogue_that_teaches_nothing_is_refused(examples: list[Example], message: str) -> None:
    """Too few names, or all of one side."""
    with pytest.raises(TrainingError, match=message):
        train(examples, lists(), LEXICON, "some", lambda step, done: None)


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=20, max_size=400).filter(
        lambda rows: {True, False} == {truth for _, truth in rows}
    )
)
@example([(1.6e-6, False)] * 19 + [(1.0, True)])
def test_the_more_certain_a_threshold_is_the_more_it_takes(rows: list[tuple[float, bool]]) -> None:
    """Doubt, suspicion, denial, overruling; and names held out are refused wrongly at most as aimed at."""
    denied = np.array([probability for probability, _ in rows], dtype=np.float64)
    truth = np.array([is_denied for _, is_denied in rows])
    policy = choose_policy(denied, truth)
    assert policy.doubt_ppm <= policy.suspect_ppm <= policy.deny_ppm <= policy.overrule_ppm
    above = (np.round(denied * MILLION) >= policy.suspect_ppm)[~truth].mean()
    halves = (denied >= 0.5)[~truth].mean()
    assert above <= max(FALSE_REJECT_AIM, halves)
    assert above == pytest.approx(rates_of(denied, truth, policy)["false_reject_rate"], abs=1e-6)


def test_of_a_small_catalogue_only_the_letters_in_it_say_anything() -> None:
    """Columns that no name has are not learned, and stay silent in names to come."""
    used = set(features([fold(example.name) for example in names_kit.examples()])[0].tolist())
    table = learned().table[:COLUMNS]
    assert not table[[column for column in range(COLUMNS) if column not in used]].any()


def test_a_kept_classifier_is_found_again_by_another_process(tmp_path: Path) -> None:
    """Its place depends on file, lists and learning, and on nothing that changes from process to process."""
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("gtin,name,okpd2\n", encoding="utf-8")
    places = [
        subprocess.run(
            [sys.executable, "-c", _TELL_PLACE, str(catalogue)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert places[0] == places[1]


_TELL_PLACE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.goods.loader import load_list_book
from gateway.goods.names.labels import Lists
from gateway.goods.names.learned import place_of
lists = Lists.at(load_list_book(), datetime.now(UTC))
print(place_of(Path(sys.argv[1]), lists, Path("kept")))
"""
