"""Long work is shown with its share, what was counted, and the times."""

from io import StringIO

from rich.console import Console

from gateway.cli.progress import progress_bar


def test_a_bar_tells_what_is_done_how_much_of_it_and_what_was_counted() -> None:
    """A quarter of a file, in words too."""
    out = StringIO()
    console = Console(file=out, width=120)
    bar = progress_bar(console)
    task = bar.add_task("reading", total=400, told="")
    bar.update(task, completed=100, told="7 rows")
    console.print(bar)
    line = out.getvalue()
    assert line.startswith("reading ")
    assert line.rstrip().endswith("left")
    assert all(text in line for text in (" 25% ", " 7 rows ", " 0:00:0"))
