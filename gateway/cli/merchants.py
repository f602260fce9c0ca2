"""tillgate merchants: who takes part, from the application to the exclusion."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

PLACES: Final = {
    "account": "gateway.cli.merchants_accounts:account_group",
    "applications": "gateway.cli.merchants_admission:applications_command",
    "application": "gateway.cli.merchants_admission:application_command",
    "apply": "gateway.cli.merchants_admission:apply_command",
    "exclude": "gateway.cli.merchants_standing:exclude_command",
    "export": "gateway.cli.merchants_reading:export_command",
    "list": "gateway.cli.merchants_reading:list_command",
    "refuse": "gateway.cli.merchants_admission:refuse_command",
    "register": "gateway.cli.merchants_admission:register_command",
    "resume": "gateway.cli.merchants_standing:resume_command",
    "review": "gateway.cli.merchants_admission:review_command",
    "show": "gateway.cli.merchants_reading:show_command",
    "succeed": "gateway.cli.merchants_standing:succeed_command",
    "suspend": "gateway.cli.merchants_standing:suspend_command",
    "take-over": "gateway.cli.merchants_admission:take_over_command",
}


@click.group("merchants", cls=LazyGroup, places=PLACES)
def merchants_group() -> None:
    """The register of participants. See docs/enrolment.md."""
