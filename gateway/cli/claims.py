"""tillgate claims: what merchants are owed, from the draft to the money."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

COMMANDS: Final = {
    "act": "gateway.cli.claims_act:act_command",
    "budget": "gateway.cli.claims_budget:budget_group",
    "build": "gateway.cli.claims_building:build_command",
    "carry-over": "gateway.cli.claims_reading:carry_over_command",
    "check": "gateway.cli.claims_check:check_command",
    "check-all": "gateway.cli.claims_check_all:check_all_command",
    "deadlines": "gateway.cli.claims_objections:deadlines_command",
    "demand": "gateway.cli.claims_demand:demand_group",
    "documents": "gateway.cli.claims_documents:documents_command",
    "entries": "gateway.cli.claims_entries:entries_group",
    "feed": "gateway.cli.claims_seen:feed_command",
    "file": "gateway.cli.claims_building:file_command",
    "forms": "gateway.cli.claims_documents:forms_group",
    "import": "gateway.cli.claims_payouts:import_command",
    "list": "gateway.cli.claims_reading:list_command",
    "objections": "gateway.cli.claims_objections:objections_group",
    "payout": "gateway.cli.claims_payouts:payout_group",
    "receipts": "gateway.cli.claims_receipts:receipts_group",
    "receivables": "gateway.cli.claims_seen:receivables_command",
    "reconcile": "gateway.cli.claims_payouts:reconcile_command",
    "review": "gateway.cli.claims_review:review_group",
    "show": "gateway.cli.claims_reading:show_command",
    "sign": "gateway.cli.claims_sign:sign_group",
    "trace": "gateway.cli.claims_trace:trace_command",
    "verify": "gateway.cli.claims_reading:verify_command",
}


@click.group("claims", cls=LazyGroup, places=COMMANDS)
def claims_group() -> None:
    """Subsidy claims of the merchants. See docs/claims.md."""
