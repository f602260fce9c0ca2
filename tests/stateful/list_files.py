"""Writes the lists of a test's world as the files that a gateway reads them from."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from gateway.domain.category import ListBook, Program, ProhibitedList
from gateway.domain.policy import moscow_date


def write_lists(folder: Path, book: ListBook) -> Path:
    """One folder with all of a book, for the setting `lists_dir`."""
    for name in ("prohibited", "programs"):
        (folder / name).mkdir(parents=True)
    for listed in book.prohibited:
        (folder / "prohibited" / f"{listed.version}.toml").write_text(_prohibited(listed))
    for program in book.programs.values():
        (folder / "programs" / f"{program.code}-{program.version}.toml").write_text(_program(program))
    classes = {code: sorted(found) for code, found in book.class_map.by_prefix.items()}
    version = _table({"version": book.class_map.version})
    (folder / "classes.toml").write_text(version + _table(classes, "[classes]"))
    nominals = [
        {
            "goods_class": n.goods_class,
            "effective_from": n.effective_from,
            "nominals_kopecks": [n.nominal_kopecks],
        }
        for n in book.nominals
    ]
    (folder / "nominals.toml").write_text(_tables("[[nominal]]", nominals))
    return folder


def _prohibited(listed: ProhibitedList) -> str:
    day = moscow_date(listed.effective_from)
    head = {"version": listed.version, "effective_from": day, "act": listed.act}
    rules = [
        {"id": r.rule_id, "okpd2": r.okpd2, "title": r.title_ru, "decision": ("allow", "deny")[r.is_denied]}
        for r in listed.rules
    ]
    return _table(head) + _tables("[[rule]]", rules)


def _program(program: Program) -> str:
    names = (
        "code", "version", "name_ru", "name_en", "goods_class", "is_one_shot", "rest_lapses_at_capture",
        "allows_own_money", "unknown_goods",
    )  # fmt: skip
    head = {name: getattr(program, name) for name in names}
    head["allowed_classes"] = sorted(program.allowed_classes)
    if program.unknown_goods_up_to_kopecks:
        head["unknown_goods_up_to_kopecks"] = program.unknown_goods_up_to_kopecks
    ceilings = [{"okpd2": c.okpd2, "unit_kopecks": c.unit_kopecks} for c in program.ceilings]
    return _table(head) + _tables("[[ceiling]]", ceilings)


def _tables(heading: str, rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(_table(row, heading) for row in rows)


def _table(row: Mapping[str, Any], heading: str = "") -> str:
    """Texts, numbers and lists are written in TOML as in JSON; days stand as they are."""
    values = {k: v.isoformat() if isinstance(v, date) else json.dumps(v) for k, v in row.items()}
    return "\n".join([heading, *(f'"{key}" = {value}' for key, value in values.items()), ""])
