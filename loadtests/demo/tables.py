"""Tables as the demo prints them."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 0
) -> RenderableType:
    """A table whose first column and `texts` more are texts; the others are numbers, and never wrapped."""
    made = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        is_number = place > texts
        made.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number)
    for row in rows:
        made.add_row(*row)
    # A title of the table's own would be wrapped to the table's width.
    return Group(Text(title, "bold"), made)
