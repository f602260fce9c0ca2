"""tillgate claims: what merchants are owed, from their receipts to the money."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

COMMANDS: Final = {
    "check": "gateway.cli.claims_check:check_command",
    "receipts": "gateway.cli.claims_receipts:receipts_group",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """Subsidy claims: receipts, checks, and what they say of a claim. See docs/receipts.md."""
