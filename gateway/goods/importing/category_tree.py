"""The category tree of a catalogue whose rows carry the id of a category instead of its path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.domain.category import OKPD2_FORM, is_undivided_subclass
from gateway.goods.importing.problems import ImportFileError, RowProblem
from gateway.goods.importing.tables import Column, Table

COLUMNS: Final = (
    Column("id", ("category_id", "categoryid", "код"), is_required=True),
    Column("parent_id", ("parentid", "parent", "родитель", "код родителя"), is_required=True),
    Column("name", ("category_name", "categoryname", "наименование", "название"), is_required=True),
    Column("okpd2", ("окпд2", "окпд 2", "код окпд2")),
)

_NO_PARENT: Final = ("", "0")


class _Node(Struct, frozen=True, gc=False):
    line: int
    id: str
    parent_id: str
    name: str
    okpd2: str


@dataclass(frozen=True)
class Category:
    """A category: the names from the root down to it, joined by "/", and its code.

    `okpd2` is its own, or that of the nearest category above that has one, or "".
    """

    path: str
    okpd2: str


def read_category_tree(path: Path) -> Mapping[str, Category]:
    """Every category by its id; `parent_id` of a root is empty or, if no category has that id, 0.

    Raises ImportFileError that names every double id, unknown parent, circle, empty cell and malformed code:
    half a tree would give its goods the wrong codes.
    """
    problems: list[str] = []
    nodes: dict[str, _Node] = {}
    for node in _nodes(path, problems):
        if node.id in nodes:
            problems.append(f"line {node.line}: id {node.id} is that of line {nodes[node.id].line}, too")
        nodes.setdefault(node.id, node)
    problems += _unknown_parents(nodes)
    found: dict[str, Category] = {}
    for node in nodes.values():
        problems += _place(node, nodes, found)
    if problems:
        raise ImportFileError(path, *problems)
    return found


def _nodes(path: Path, problems: list[str]) -> Iterator[_Node]:
    table = Table(path, COLUMNS)
    positions = [table.position(column.name) for column in COLUMNS]
    for row in table.rows():
        if isinstance(row, RowProblem):
            problems.append(f"line {row.line}: {row.en}")
            continue
        line, cells = row
        id_, parent_id, name, okpd2 = (cells[at].strip() for at in positions)
        if not id_ or not name:
            problems.append(f"line {line}: {'name' if id_ else 'id'} is empty")
        if okpd2 and (not OKPD2_FORM.fullmatch(okpd2) or is_undivided_subclass(okpd2)):
            problems.append(f"line {line}: okpd2 {okpd2!r} is no ОКПД2 code")
        if id_:
            yield _Node(line, id_, parent_id, name, okpd2)


def _unknown_parents(nodes: Mapping[str, _Node]) -> Iterator[str]:
    for node in nodes.values():
        if node.parent_id not in nodes and node.parent_id not in _NO_PARENT:
            yield f"line {node.line}: parent {node.parent_id} of id {node.id} is unknown"


def _place(node: _Node, nodes: Mapping[str, _Node], found: dict[str, Category]) -> Iterator[str]:
    """Put a category and all above it into `found`; tell a circle once."""
    ids: dict[str, _Node] = {}
    step: _Node | None = node
    while step and step.id not in found:
        if step.id in ids:
            circle = [*ids][[*ids].index(step.id) :]
            yield f"line {step.line}: the parents lead in a circle: {' → '.join((*circle, step.id))}"
            break
        ids[step.id] = step
        step = nodes.get(step.parent_id)
    for below in reversed(ids.values()):
        above = found.get(below.parent_id, Category("", ""))
        path = f"{above.path}/{below.name}" if above.path else below.name
        found[below.id] = Category(path, below.okpd2 or above.okpd2)
