"""What the commands of settlement share: what is refused is told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from settlement.errors import SettlementError


@contextmanager
def told_settlement() -> Iterator[None]:
    """Whatever settlement refuses is told in one line, with exit code 1."""
    try:
        yield
    except SettlementError as error:
        raise click.ClickException(str(error)) from error
