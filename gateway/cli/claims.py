"""tillgate claims: what merchants are owed, from the draft to the money."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

COMMANDS: Final = {
    "budget": "gateway.cli.claims_budget:budget_group",
    "build": "gateway.cli.claims_building:build_command",
    "carry-over": "gateway.cli.claims_reading:carry_over_command",
    "demand": "gateway.cli.claims_demand:demand_group",
    "file": "gateway.cli.claims_building:file_command",
    "import": "gateway.cli.claims_payouts:import_command",
    "list": "gateway.cli.claims_reading:list_command",
    "payout": "gateway.cli.claims_payouts:payout_group",
    "reconcile": "gateway.cli.claims_payouts:reconcile_command",
    "show": "gateway.cli.claims_reading:show_command",
    "verify": "gateway.cli.claims_reading:verify_command",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """Subsidy claims of the merchants. See docs/claims.md."""
