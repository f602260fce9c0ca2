"""tillgate claims: what merchants are owed."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

COMMANDS: Final = {
    "act": "gateway.cli.claims_act:act_command",
    "documents": "gateway.cli.claims_documents:documents_command",
    "forms": "gateway.cli.claims_documents:forms_group",
    "trace": "gateway.cli.claims_trace:trace_command",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """What merchants are owed: claims and their documents."""
