"""What the rows of lists mean: the domain's objects, made in one place from files and from the database."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from gateway.domain.category import (
    ClassMap,
    PrefixRule,
    PriceCeiling,
    Program,
    ProhibitedList,
    PublishedNominal,
)
from gateway.goods.rows import Classes, NominalRow, ProgramFile, Rules


def prohibited_list(rows: Rules, *, version: str, effective_from: datetime, act: str) -> ProhibitedList:
    """A version of the prohibited list, in force from an instant."""
    rules = tuple(PrefixRule(r.id, r.okpd2, r.decision == "deny", r.title) for r in rows.rule)
    return ProhibitedList(version, effective_from, act, rules)


def class_map(rows: Classes, *, version: str) -> ClassMap:
    """A version of the goods classes."""
    return ClassMap(version, {code: frozenset(classes) for code, classes in rows.classes.items()})


def program(row: ProgramFile) -> Program:
    """One version of a program."""
    fields = row.model_dump(exclude={"ceiling", "allowed_classes", "unknown_goods_up_to_kopecks"})
    return Program(
        **fields,
        allowed_classes=frozenset(row.allowed_classes),
        ceilings=tuple(PriceCeiling(c.okpd2, c.unit_kopecks) for c in row.ceiling),
        unknown_goods_up_to_kopecks=row.unknown_goods_up_to_kopecks or 0,
    )


def nominals(rows: Iterable[NominalRow]) -> Iterator[PublishedNominal]:
    """Every nominal value by class and day."""
    for row in rows:
        for nominal_kopecks in row.nominals_kopecks:
            yield PublishedNominal(row.goods_class, nominal_kopecks, row.effective_from)
