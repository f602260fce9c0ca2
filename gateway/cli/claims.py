"""tillgate claims: from what was sold to what is paid."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

COMMANDS: Final = {
    "feed": "gateway.cli.claims_seen:feed_command",
    "receivables": "gateway.cli.claims_seen:receivables_command",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """Subsidy claims of merchants."""
