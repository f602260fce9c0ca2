"""Whatever is judged, decided, objected to and answered: not a kopeck of a claim is lost or there twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.runtime.embedded import EmbeddedPostgres
from settlement.claims.model import LineVerdict
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from settlement.review.errors import ReviewCode
from settlement.review.verdicts import Verdict
from tests.review_desk import Review, under_review
from tests.review_kit import Line, archive_on

EXAMPLES = 25

sales = st.lists(st.integers(1, 500_00), min_size=1, max_size=6)
verdicts = st.lists(st.sampled_from(LineVerdict), min_size=6, max_size=6)


@st.composite
def claims(draw: st.DrawFn) -> list[Line]:
    """Sales, returns of some of them, and returns of what an earlier claim holds; a claim above zero."""
    amounts = draw(sales)
    lines = [Line(amount, purchase) for purchase, amount in enumerate(amounts)]
    for purchase, amount in enumerate(amounts):
        if draw(st.booleans()):
            lines.append(Line(-draw(st.integers(1, amount)), purchase))
    alone = draw(st.lists(st.integers(1, 50_00), max_size=2))
    lines += [Line(-amount, 100 + n) for n, amount in enumerate(alone)]
    if sum(line.amount_kopecks for line in lines) <= 0:
        lines.append(Line(1 - sum(line.amount_kopecks for line in lines), 50))
    return lines


def test_every_kopeck_of_a_decided_claim_is_in_one_place(
    postgres: EmbeddedPostgres, make_database: Callable[[], str], tmp_path: Path
) -> None:
    """Approved, refused or refused for good; refused lines alone are free, also after objections."""
    url = postgres.url(make_database())

    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(claims(), verdicts, verdicts, st.integers(0, 7), st.booleans())
    def decided(
        lines: list[Line], first: list[LineVerdict], second: list[LineVerdict], objected: int, is_upheld: bool
    ) -> None:
        async def run() -> None:
            async with archive_on(url) as archive:
                review = await under_review(archive, tmp_path, lines)
                await judge_and_decide(review, lines, first)
                await check(review, lines)
                await object_and_decide(review, lines, second, objected, is_upheld=is_upheld)
                await check(review, lines)

        asyncio.run(run())

    decided()


async def judge_and_decide(review: Review, lines: list[Line], said: list[LineVerdict]) -> None:
    """Give each sale a verdict and decide; what cannot be paid is refused as a whole."""
    numbers = [n for n, line in enumerate(lines, 1) if line.amount_kopecks > 0]
    await review.judge(*(Verdict(n, said[n % len(said)], "чека нет") for n in numbers))
    try:
        await review.decide()
    except SettlementError as refused:
        if refused.code is not ReviewCode.APPROVED_NOT_POSITIVE:
            raise
        await review.refuse()
        assert ClaimState.REFUSED is await review.decide()


async def object_and_decide(
    review: Review, lines: list[Line], said: list[LineVerdict], objected: int, *, is_upheld: bool
) -> None:
    """Object to one refused line, or to all, and decide again if that opens the review."""
    refused = [n for n, verdict, _ in await review.lines() if verdict != LineVerdict.APPROVED]
    if not refused:
        return
    numbers = () if objected == 0 else (refused[objected % len(refused)],)
    objection = await review.object_to(*numbers)
    await review.answer(objection.id, is_upheld=is_upheld)
    if is_upheld:
        assert ("UNDER_REVIEW", None) == await review.state()
        assert all(is_live for _, _, is_live in await review.lines())
        await judge_and_decide(review, lines, said)


async def check(review: Review, lines: list[Line]) -> None:
    """The sums, what is live, and that a return has the verdict of its sale."""
    state, approved_kopecks = await review.state()
    kopecks = dict.fromkeys(LineVerdict, 0)
    by_sale = {}
    for (_, verdict, is_live), line in zip(await review.lines(), lines, strict=True):
        assert verdict is not None
        kopecks[LineVerdict(verdict)] += line.amount_kopecks
        assert is_live is (verdict != LineVerdict.REFUSED)
        if line.amount_kopecks > 0:
            by_sale[line.purchase] = verdict
        elif line.purchase in by_sale:
            assert by_sale[line.purchase] == verdict
        else:
            assert verdict != LineVerdict.REFUSED_FOR_GOOD
    assert sum(line.amount_kopecks for line in lines) == sum(kopecks.values())
    assert kopecks[LineVerdict.APPROVED] == approved_kopecks
    has_approved_sale = LineVerdict.APPROVED in by_sale.values()
    assert has_approved_sale is (state in ("APPROVED", "APPROVED_IN_PART"))
    assert (approved_kopecks or 0) > 0 or state == "REFUSED"
    assert kopecks[LineVerdict.REFUSED_FOR_GOOD] >= 0
