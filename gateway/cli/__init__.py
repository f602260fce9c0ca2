"""tillgate: the operator's command line."""

import sys
from typing import Final

import click

from gateway.cli.lazy import LazyGroup
from gateway.goods.loader import ListFileError
from gateway.registry.secret_files import SecretFileError
from gateway.runtime.embedded import EmbeddedServerError
from gateway.runtime.errors import StartError
from gateway.runtime.settings import SettingsError

COMMANDS: Final = {
    "agreements": "gateway.cli.agreements:agreements_group",
    "archive": "gateway.cli.backup:archive_command",
    "audit": "gateway.cli.audit:audit_group",
    "backup": "gateway.cli.backup:backup_command",
    "bic": "gateway.cli.bic:bic_group",
    "cards": "gateway.cli.cards:cards_group",
    "certificates": "gateway.cli.ledger:certificates_group",
    "claims": "gateway.cli.claims:claims_group",
    "database": "gateway.cli.ledger:database_group",
    "fixtures": "gateway.cli.fixtures:fixtures_group",
    "goods": "gateway.cli.goods:goods_group",
    "ledger": "gateway.cli.ledger:ledger_group",
    "lists": "gateway.cli.lists:lists_group",
    "merchants": "gateway.cli.merchants:merchants_group",
    "outlets": "gateway.cli.outlets:outlets_group",
    "pki": "gateway.cli.pki:pki_group",
    "proposals": "gateway.cli.proposals:proposals_group",
    "restore": "gateway.cli.backup:restore_command",
    "seals": "gateway.cli.seals:seals_group",
    "serve": "gateway.cli.serve:serve_command",
    "serve-enrollment": "gateway.cli.enrollment:serve_enrollment_command",
    "serve-people": "gateway.cli.serve_people:serve_people_command",
    "serve-worker": "gateway.cli.serve:serve_worker_command",
    "signals": "gateway.cli.signals:signals_command",
    "terminals": "gateway.cli.terminals:terminals_group",
    "users": "gateway.cli.users:users_group",
    "watch": "gateway.cli.watch:watch_command",
}


@click.group(cls=LazyGroup, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tillgate")
def tillgate() -> None:
    """Gateway for electronic social certificates. Settings: TILLGATE_* variables, see docs/settings.md."""


def main() -> None:
    """Run the command line; what an operator can mend is told in one line, without a traceback."""
    try:
        tillgate()
    except (SettingsError, StartError, EmbeddedServerError, SecretFileError, ListFileError) as error:
        sys.exit(f"tillgate: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
