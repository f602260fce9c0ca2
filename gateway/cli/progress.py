"""The one way in which long work is shown on a terminal."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def progress_bar(console: Console | None = None) -> Progress:
    """What is done, a bar, its share in percent, what was counted so far, the time it took and what is left.

    Each task has a field `told`, the words for what was counted, or an empty text. Without a console it goes
    to standard error, so that output stays clean.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console or Console(stderr=True),
    )
