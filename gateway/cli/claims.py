"""tillgate claims: what merchants are owed, from the draft to the money."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

COMMANDS: Final = {
    "deadlines": "gateway.cli.claims_objections:deadlines_command",
    "objections": "gateway.cli.claims_objections:objections_group",
    "review": "gateway.cli.claims_review:review_group",
    "sign": "gateway.cli.claims_sign:sign_group",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """Subsidy claims of the merchants. See docs/claims.md."""
