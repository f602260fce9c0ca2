"""What holds of a line whatever marking code, barcode, shop, till, department and name say of it together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from stdnum import ean

from gateway.domain.authorize import cap_kopecks
from gateway.domain.basket import Line
from gateway.domain.judging import MILLION, Edition, NamePolicy, Source, is_denied
from gateway.goods.identity.in_store import WEIGHT_AFTER_2, WEIGHT_AFTER_2_AND_KIND, InStoreTemplates
from gateway.goods.names.opinions import NameTrace, Opinion
from gateway.goods.sources import Confirmed, GoodsAt
from tests.builders import BEER, BREAD, CLASSES, MILK, PROGRAMS, PROHIBITED, SOAP, WATER

SHOP, OTHER_SHOP, PLAIN_SHOP = 1, 2, 3
MARKED, MARKING_CODE = "04650075427958", "0104650075427958215*EeBVPpYXanP\x1d93abcd"
SCANNED, OWN_CODE = "04006381333931", "17"
NAMES: Final = NamePolicy(100_000, 300_000, 700_000, 950_000)
TRUST: Final = list(Source)

codes = st.sampled_from([BREAD, MILK, WATER, SOAP, BEER, "11.05.10.110", "11.01", "12", "11", "10"])
may_be = st.none() | codes


class Said(Struct, frozen=True):
    """What each source says: catalogue and department of both numbers, the shop's own code, till and name."""

    catalogued: tuple[tuple[str, ...], tuple[str, ...]]
    confirmed: tuple[str | None, str | None]
    own: str | None
    declared: str | None
    name: str | None
    guess: Opinion | None

    @property
    def firm(self) -> list[str]:
        """Every code that is heard, but for a guess: the department's word replaces the catalogue's."""
        heard = [
            code
            for catalogued, confirmed in zip(self.catalogued, self.confirmed, strict=True)
            for code in ([confirmed] if confirmed else catalogued)
        ]
        return [*heard, *(code for code in (self.own, self.declared, self.name) if code)]


@dataclass
class Known:
    """A catalogue and a classifier that know this line alone."""

    said: Said
    version: str = "1"

    def codes_of(self, gtin: str) -> tuple[str, ...]:
        """As a catalogue."""
        return dict(zip((MARKED, SCANNED), self.said.catalogued, strict=True)).get(gtin, ())

    def opinions(self, names: Sequence[str]) -> list[Opinion | None]:
        """As a classifier."""
        return [self.said.guess for _ in names]

    def trace(self, name: str) -> NameTrace:
        """As a classifier."""
        return NameTrace((), ())


said_of_a_line = st.builds(
    Said,
    st.tuples(*[st.lists(codes, max_size=2, unique=True).map(tuple)] * 2),
    st.tuples(may_be, may_be),
    may_be,
    may_be,
    may_be,
    st.none() | st.builds(Opinion, codes, st.integers(0, MILLION)),
)


def sources_of(said: Said) -> GoodsAt:
    """All sources together."""
    gtins: Mapping[str, tuple[str, str]] = {
        gtin: (code, "confirmed:1")
        for gtin, code in zip((MARKED, SCANNED), said.confirmed, strict=True)
        if code
    }
    confirmed = Confirmed(
        gtins=gtins,
        names={"товар": (said.name, "confirmed:2")} if said.name else {},
        in_store={(SHOP, OWN_CODE): (said.own, "confirmed:3")} if said.own else {},
    )
    known = Known(said)
    return GoodsAt(Edition(PROHIBITED, CLASSES, NAMES), known, known, confirmed)


@given(said_of_a_line, st.sampled_from([0, 1, 2, 4, 13, 30, 31]))
def test_what_any_source_denies_gets_no_kopeck_under_any_program(said: Said, subject: int) -> None:
    """Deny wins over every other word; a name alone does, where it is certain enough."""
    sources = sources_of(said)
    line = Line(
        1, "Товар", 1000, 50_00, 0, 50_00, gtin=SCANNED[1:], marking_code=MARKING_CODE, item_code=OWN_CODE,
        okpd2=said.declared or "", payment_subject=subject,
    )  # fmt: skip
    [judged] = sources.judge([line], SHOP)
    heard = [TRUST.index(Source(one.source)) for one in judged.evidence]
    assert sorted(heard) == heard, "not in the order of trust"
    verdict = judged.verdict
    paid = max(cap_kopecks(one, line, verdict, sources.classes_of(verdict.okpd2)) for one in PROGRAMS)
    is_guessed = said.guess is not None and not said.name and said.guess.denied_ppm >= NAMES.overrule_ppm
    if is_guessed or any(is_denied(code, PROHIBITED) for code in said.firm):
        assert 0 == paid
    if paid and verdict.okpd2:
        assert not is_denied(verdict.okpd2, PROHIBITED)


labels = st.builds(
    lambda body, is_right: body + (ean.calc_check_digit(body) if is_right else "0"),
    st.builds("2{}{:05}".format, st.sampled_from(["010123", "010124", "101234"]), st.integers(0, 99_999)),
    st.booleans(),
)


@given(st.lists(st.tuples(labels, st.sampled_from([SHOP, OTHER_SHOP, PLAIN_SHOP])), min_size=1, max_size=20))
def test_labels_of_the_scales_are_remembered_by_their_goods_and_judged_as_if_they_were_not(
    bought: list[tuple[str, int]],
) -> None:
    """Two shops read the same digits by other templates, a third reads nothing; no weight is new goods."""

    def sources() -> GoodsAt:
        confirmed = Confirmed(
            in_store={(SHOP, "010123"): (MILK, "r1"), (OTHER_SHOP, "10123"): (BEER, "r2")},
            templates={
                SHOP: InStoreTemplates((WEIGHT_AFTER_2,)),
                OTHER_SHOP: InStoreTemplates((WEIGHT_AFTER_2_AND_KIND,)),
            },
        )
        return GoodsAt(Edition(PROHIBITED, CLASSES, NAMES), confirmed=confirmed)

    used = sources()
    for label, merchant_id in bought:
        line = Line(1, "Товар", 1000, 50_00, 0, 50_00, gtin=label)
        assert sources().judge([line], merchant_id) == used.judge([line], merchant_id)
    # Of each shop with templates three goods and what cannot be read, of the third what cannot be read.
    assert used.tally.missed <= 2 * 4 + 1
