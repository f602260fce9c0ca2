"""tillgate claims: what merchants are owed, from the draft of a claim to the money on their accounts."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

_PAYOUTS: Final = "gateway.cli.claims_payouts"

COMMANDS: Final = {
    "import": f"{_PAYOUTS}:import_command",
    "payout": f"{_PAYOUTS}:payout_group",
    "reconcile": f"{_PAYOUTS}:reconcile_command",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """Claims of merchants: what they are owed and how it is paid."""
