"""The world of the random machines: goods, programs, shops. Twice: as plain facts, and as the code's lists.

The facts are labelled by hand, for the auditor; `LISTS` and `AGREEMENTS` are the same world in the code's
terms. Neither is derived from the other, so that a mistake in judging goods shows.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from gateway.domain.basket import Line
from gateway.domain.category import ListBook
from gateway.domain.policy import Agreement, Policy
from tests.builders import (
    BEER,
    BREAD,
    COAT,
    FRIDGE,
    MILK,
    PROHIBITED,
    SOAP,
    TOY,
    VODKA,
    WATER,
    book,
    prohibited_list,
)

Facts = dict[str, Any]
MOSCOW_AHEAD: Final = timedelta(hours=3)
START: Final = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ACT_DAY: Final = date(2026, 3, 1)
STRICTER_FROM: Final = datetime(2026, 3, 12, tzinfo=UTC) - MOSCOW_AHEAD

LISTS: Final[ListBook] = book(
    prohibited=(
        PROHIBITED,
        prohibited_list("2026-2", STRICTER_FROM, spirits="-11.01", beer="-11.05", soap="-20.41"),
    )
)
POLICY: Final = Policy()

# What a program pays of a good: all of the line ("line", no limit), at most so much a line, or a unit.
_ALL = ("line", None)
_FOOD = {"food": _ALL, "any": _ALL, "points_only": _ALL, "lenient": _ALL}
GOODS: Final[dict[str, Facts]] = {
    "milk": {"okpd2": MILK, "paid_by": _FOOD | {"capped": ("unit", 60_00)}},
    "bread": {"okpd2": BREAD, "paid_by": _FOOD | {"capped": ("unit", 50)}},
    "water": {"okpd2": WATER, "paid_by": _FOOD | {"capped": _ALL}},
    "toy": {"okpd2": TOY, "paid_by": {"children": _ALL, "any": _ALL}},
    "fridge": {"okpd2": FRIDGE, "paid_by": {"durable": _ALL, "keeps_rest": _ALL, "any": _ALL}},
    "coat": {"okpd2": COAT, "paid_by": {"any": _ALL}},
    "soap": {"okpd2": SOAP, "paid_by": {"any": _ALL}, "prohibited_from": STRICTER_FROM},
    "beer": {"okpd2": BEER, "paid_by": {}, "refused": "PROHIBITED"},
    "vodka": {"okpd2": VODKA, "paid_by": {}, "refused": "PROHIBITED"},
    "service": {"okpd2": MILK, "payment_subject": 4, "paid_by": {}, "refused": "NOT_GOODS"},
    "excise": {"okpd2": MILK, "payment_subject": 31, "paid_by": {}, "refused": "EXCISE_UNCLEARED"},
    "nameless": {"okpd2": "", "paid_by": {"lenient": ("line", 100_00)}, "otherwise": "GOODS_UNKNOWN"},
}
PROGRAMS: Final[dict[str, Facts]] = {
    "food": {},
    "children": {},
    "any": {},
    "lenient": {},
    "capped": {},
    "points_only": {"forbids_own_money": True},
    "durable": {"is_one_shot": True, "rest_lapses": True},
    "keeps_rest": {"is_one_shot": True},
}

# Tills: (merchant, outlet, terminal). Agreements: merchant, id, programs, first day, day after the last.
TILLS: Final = [(1, 11, 111), (1, 11, 112), (1, 12, 121), (2, 21, 211)]
_MOST = ["food", "children", "lenient", "capped", "points_only", "durable", "keeps_rest"]
AGREEMENTS: Final[list[Facts]] = [
    {"merchant": 1, "id": 101, "programs": _MOST, "from": date(2020, 1, 1), "until": None},
    {"merchant": 1, "id": 102, "programs": ["any"], "from": date(2020, 1, 1), "until": date(2026, 3, 13)},
    {"merchant": 1, "id": 103, "programs": ["any"], "from": date(2026, 3, 13), "until": date(2026, 3, 16)},
    {
        "merchant": 2,
        "id": 201,
        "programs": ["food", "any", "durable"],
        "from": date(2026, 3, 11),
        "until": None,
    },
]
HOLDERS: Final = ["alder", "birch"]
PUBLISHED_NOMINALS: Final = {program: [1500_00] for program in ("food", "lenient", "capped", "points_only")}
HOLD: Final = timedelta(minutes=30)
LATE: Final = timedelta(hours=72)
TOLERANCE: Final = timedelta(minutes=5)
WIND_DOWN: Final = timedelta(days=30)


def agreements_of(merchant: int) -> tuple[Agreement, ...]:
    """A merchant's agreements in the code's terms."""
    return tuple(
        Agreement(fact["id"], frozenset(fact["programs"]), fact["from"], fact["until"])
        for fact in AGREEMENTS
        if fact["merchant"] == merchant
    )


def line_of(item: Facts) -> Line:
    """A basket line in the code's terms: {"n", "good", "quantity", "amount"}."""
    good = GOODS[item["good"]]
    okpd2 = good["okpd2"]
    return Line(
        line_number=item["n"],
        item_name=item["good"],
        quantity_milli=item["quantity"],
        unit_price_kopecks=item["amount"],
        discount_kopecks=0,
        amount_kopecks=item["amount"],
        okpd2=okpd2,
        payment_subject=good.get("payment_subject", 0),
    )
