"""How a rehearsal is told to people of the department, in Russian: on a terminal and on a page alike."""

from datetime import datetime
from typing import Final

from gateway.domain.policy import MOSCOW
from gateway.domain.reasons import LineReason
from gateway.goods.asking.rehearsal import Change, Decided, Rehearsal
from gateway.goods.explaining import SOURCE_TEXTS
from gateway.goods.reference.kinds import Kind

KINDS: Final = {
    Kind.PROHIBITED: "перечень запрещённых товаров",
    Kind.CLASSES: "классы товаров",
    Kind.PROGRAMS: "виды помощи",
    Kind.OKPD2: "названия ОКПД2",
    Kind.CATALOGUE: "каталог GTIN",
    Kind.NAMES: "классификатор названий",
}

CHANGES: Final = {
    Change.REFUSED: "станет нельзя",
    Change.ALLOWED: "станет можно",
    Change.LOWERED: "сумма ниже",
    Change.RAISED: "сумма выше",
}

REASONS: Final = {
    LineReason.ALLOWED: "можно",
    LineReason.PROHIBITED: "запрещено",
    LineReason.NOT_GOODS: "не товар",
    LineReason.EXCISE_UNCLEARED: "подакцизный, не подтверждён",
    LineReason.PROGRAM_DOES_NOT_ALLOW: "не входит в вид помощи",
    LineReason.GOODS_UNKNOWN: "не определён",
    LineReason.GOODS_SUSPECTED: "похож на запрещённый",
}


def rubles(kopecks: int) -> str:
    """A sum as people read it: 1 234,50 ₽, with blanks that do not break."""
    whole, rest = divmod(abs(kopecks), 100)
    sign = "−" if kopecks < 0 else ""
    return f"{sign}{counted(whole)},{rest:02}\u00a0₽"


def counted(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}".replace(",", "\u00a0")


def moment(instant: datetime) -> str:
    """An instant in Moscow."""
    return f"{instant.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def share(part: int, whole: int) -> str:
    """A part of a whole in percent; what is there is never told as 0."""
    percent = 100 * part / whole if whole else 0.0
    if part and percent < 0.01:
        return "менее 0,01\u00a0%"
    return f"{percent:.2f}\u00a0%".replace(".", ",")


def decided(one: Decided) -> str:
    """A decision with who made it: запрещено (каталог GTIN, 11.05.10)."""
    by = ", ".join(filter(None, (SOURCE_TEXTS[one.source][0], one.okpd2)))
    return f"{REASONS[one.reason]} ({by})"


def heading(found: Rehearsal) -> str:
    """What was rehearsed: the kind of list and the version of the draft."""
    return f"{KINDS[Kind(found.kind)]}, черновик {found.version}"


def against(found: Rehearsal) -> str:
    """What it was held against, and over which baskets."""
    version = f"версией {found.in_force}" if found.in_force else "тем, что действует"
    return (
        f"в сравнении с {version}; чеки с {moment(found.since)} до {moment(found.until)}: "
        f"{counted(found.baskets)}, позиций {counted(found.lines)}"
    )
