"""What holds of every verdict, whatever the lists, the sources and the classifier say."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.category import ClassMap, PrefixRule, ProhibitedList
from gateway.domain.judging import (
    EXCISE_SUBJECTS,
    MILLION,
    NAMES_UNHEARD,
    TRUSTED,
    Edition,
    Evidence,
    NamePolicy,
    Review,
    Source,
    Verdict,
    judge,
)
from gateway.domain.purchase import Purchase
from gateway.domain.reasons import LineReason
from tests.builders import ANY_GOODS, BREAD, CLASSES, LENIENT, Scene, at, basket, book, line

FIRM: Final[list[Source]] = [source for source in Source if source is not Source.NAME]
GTIN: Final = "04600000000008"
REFUSED: Final = frozenset(LineReason) - {LineReason.ALLOWED, LineReason.GOODS_UNKNOWN}

# Few digits, so that codes often lie below one another and beside rules.
_pairs = st.sampled_from(["01", "05", "10", "11"])
_codes_of_nine = st.builds(
    "{}.{}.{}.{}".format, _pairs, _pairs, _pairs, st.sampled_from(["110", "111", "112", "120"])
)
codes = st.builds(lambda code, length: code[:length], _codes_of_nine, st.sampled_from([2, 5, 7, 8, 12]))
subjects = st.sampled_from([0, 1, 2, 4, 10, 12, 13, 30, 31, 33])


@st.composite
def lists(draw: st.DrawFn, denied: str = "") -> ProhibitedList:
    """Rules that deny and rules that allow again, in any order; one denies the code that is named."""
    decisions = draw(st.dictionaries(codes, st.booleans(), max_size=8)) | ({denied: True} if denied else {})
    rules = draw(st.permutations([PrefixRule(f"r{c}", c, denied, "") for c, denied in decisions.items()]))
    return ProhibitedList("1", at("2020-01-01 00:00"), "act", tuple(rules))


@st.composite
def policies(draw: st.DrawFn) -> NamePolicy:
    """Limits in their order; the highest may be out of reach."""
    return NamePolicy(*sorted(draw(st.tuples(*[st.integers(1, MILLION + 1)] * 4))))


editions = st.builds(
    lambda prohibited, names: Edition(prohibited, CLASSES, names),
    lists(),
    st.one_of(st.just(NAMES_UNHEARD), policies()),
)
firm_words = st.builds(Evidence, st.sampled_from(FIRM), codes)
firm_evidence = st.lists(firm_words, max_size=5).map(
    lambda items: tuple(sorted(items, key=lambda item: FIRM.index(Source(item.source))))
)
guesses = st.builds(lambda okpd2, ppm: Evidence(Source.NAME, okpd2, "1", ppm), codes, st.integers(0, MILLION))


def denies(prohibited: ProhibitedList, code: str) -> bool:
    """The longest prefix decides, as one would look it up by hand; a subcategory lies below its category."""
    category = f"{code[:-1]}0" if len(code) == 12 else code
    hits = [rule for rule in prohibited.rules if code.startswith(rule.okpd2) or rule.okpd2 == category]
    longest = max(hits, key=lambda rule: (len(rule.okpd2), rule.okpd2 == code), default=None)
    return longest is not None and longest.is_denied


def without_review(verdict: Verdict) -> tuple[LineReason, str, str, str]:
    """The verdict as far as it decides."""
    return verdict.reason, verdict.rule_id, verdict.source, verdict.okpd2


@given(editions, firm_evidence, st.none() | guesses, subjects)
def test_a_line_that_any_firm_source_denies_is_refused(
    edition: Edition, firm: tuple[Evidence, ...], guess: Evidence | None, subject: int
) -> None:
    """Deny wins over every combination; and what is allowed is allowed by a code that is not denied."""
    verdict = judge((*firm, guess) if guess else firm, subject, edition)
    if any(denies(edition.prohibited, item.okpd2) for item in firm):
        assert verdict.reason in (LineReason.PROHIBITED, LineReason.NOT_GOODS)
    if verdict.reason is LineReason.ALLOWED:
        assert not denies(edition.prohibited, verdict.okpd2)
        assert not edition.prohibited.is_too_coarse(verdict.okpd2)


@given(st.data(), codes, st.lists(codes, max_size=2), st.just("") | codes, subjects, st.booleans())
def test_a_denied_line_never_gets_a_kopeck(
    data: st.DataObject, denied: str, others: list[str], other: str, subject: int, is_declared: bool
) -> None:
    """Through the whole decision, also under programs that pay for anything and for the unknown."""
    prohibited = data.draw(lists(denied))
    catalogued = others if is_declared else data.draw(st.permutations([*others, denied]))
    declared = denied if is_declared else other
    scene = Scene(lists=book(prohibited=(prohibited,)), catalogue={GTIN: tuple(catalogued)})
    for program in (ANY_GOODS, LENIENT):
        scene.issue(program, 10_000_00)
    item = line(1, 50_00, declared, gtin=GTIN, payment_subject=subject)
    purchase = scene.authorize(basket(item, line(2, 10_00, BREAD))).purchase
    assert isinstance(purchase, Purchase)
    assert 0 == purchase.lines[0].approved_kopecks
    assert purchase.lines[0].reason in REFUSED


@given(codes.filter(lambda code: len(code) > 2), st.data(), st.booleans(), st.sampled_from(FIRM))
def test_a_more_specific_rule_beats_a_less_specific_one(
    code: str, data: st.DataObject, denies_below: bool, source: Source
) -> None:
    """Whichever of them denies, and in whatever order they stand in the list."""
    above = code[: data.draw(st.sampled_from([length for length in (2, 5, 7, 8) if length < len(code)]))]
    rules = [PrefixRule("above", above, not denies_below, ""), PrefixRule("below", code, denies_below, "")]
    made = ProhibitedList("1", at("2020-01-01 00:00"), "", tuple(data.draw(st.permutations(rules))))
    verdict = judge((Evidence(source, code),), 1, Edition(made, CLASSES))
    expected = LineReason.PROHIBITED if denies_below else LineReason.ALLOWED
    assert (expected, "below") == (verdict.reason, verdict.rule_id)


@given(lists(), codes)
def test_the_rule_of_a_code_is_the_longest_that_fits(prohibited: ProhibitedList, code: str) -> None:
    """With any number of rules one below the other."""
    verdict = judge((Evidence(Source.DECLARED, code),), 1, Edition(prohibited, CLASSES))
    assert denies(prohibited, code) == (verdict.reason is LineReason.PROHIBITED)


@given(editions, firm_evidence, guesses, subjects)
def test_a_guess_never_turns_a_refusal_into_an_allowance(
    edition: Edition, firm: tuple[Evidence, ...], guess: Evidence, subject: int
) -> None:
    """Where firm sources refuse it changes nothing of that; where they allow it refuses or says nothing."""
    alone, heard = judge(firm, subject, edition), judge((*firm, guess), subject, edition)
    if alone.reason in (LineReason.PROHIBITED, LineReason.NOT_GOODS):
        assert without_review(alone) == without_review(heard)
    elif alone.reason is LineReason.EXCISE_UNCLEARED:
        assert heard.reason in REFUSED
    elif alone.reason is LineReason.ALLOWED:
        assert heard.reason is LineReason.PROHIBITED or without_review(alone) == without_review(heard)
    elif heard.reason is LineReason.ALLOWED:
        assert heard.source == Source.NAME
        assert all(heard.okpd2.startswith(item.okpd2) for item in firm)


@given(policies(), lists(), firm_evidence, codes, st.tuples(st.integers(0, MILLION), st.integers(0, MILLION)))
def test_a_name_that_looks_worse_is_never_treated_better(
    names: NamePolicy, prohibited: ProhibitedList, firm: tuple[Evidence, ...], code: str, ppm: tuple[int, int]
) -> None:
    """What one probability refuses, a higher one refuses too."""
    edition = Edition(prohibited, CLASSES, names)
    better, worse = [
        judge((*firm, Evidence(Source.NAME, code, "1", each)), 1, edition) for each in sorted(ppm)
    ]
    assert better.reason not in REFUSED or worse.reason in REFUSED


@given(editions, firm_evidence, st.none() | guesses, st.sampled_from(sorted(EXCISE_SUBJECTS)))
def test_excise_goods_pass_by_a_trusted_source_alone(
    edition: Edition, firm: tuple[Evidence, ...], guess: Evidence | None, subject: int
) -> None:
    """Neither the till's code nor a name clears them, nor a confirmed name."""
    verdict = judge((*firm, guess) if guess else firm, subject, edition)
    assert verdict.reason is not LineReason.GOODS_UNKNOWN
    if verdict.reason is LineReason.ALLOWED:
        assert any(
            item.source in TRUSTED and not edition.prohibited.is_too_coarse(item.okpd2) for item in firm
        )


@given(lists(), firm_evidence, guesses, subjects)
def test_without_a_classifier_no_guess_is_heard(
    prohibited: ProhibitedList, firm: tuple[Evidence, ...], guess: Evidence, subject: int
) -> None:
    """A guess that no limits were set for counts neither way."""
    edition = Edition(prohibited, CLASSES)
    assert judge(firm, subject, edition) == judge((*firm, guess), subject, edition)


@given(editions, firm_evidence, st.none() | guesses, subjects)
def test_an_edition_remembers_what_it_would_judge_again(
    edition: Edition, firm: tuple[Evidence, ...], guess: Evidence | None, subject: int
) -> None:
    """The remembered verdict is the verdict."""
    evidence = (*firm, guess) if guess else firm
    assert [judge(evidence, subject, edition)] * 2 == [
        edition.verdict_of(evidence, subject) for _ in range(2)
    ]


@given(lists(), firm_evidence)
def test_sources_that_disagree_on_the_verdict_are_looked_at(
    prohibited: ProhibitedList, firm: tuple[Evidence, ...]
) -> None:
    """A denied word beside one that names other goods opens a case, however it is decided."""
    denied = [item for item in firm if denies(prohibited, item.okpd2)]
    exact = [item for item in firm if item not in denied and not prohibited.is_too_coarse(item.okpd2)]
    verdict = judge(firm, 1, Edition(prohibited, ClassMap("1", {})))
    if denied and exact:
        assert verdict.review is Review.CONTRADICTION
    elif denied:
        assert verdict.review is Review.NONE
