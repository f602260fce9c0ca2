"""tillgate pki: authorities, codes of enrolment, keys of clients and of outcomes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.people_support import actor, signed
from gateway.cli.pki_status import status_command
from gateway.cli.pki_support import (
    changed,
    new_passphrase,
    owner_options,
    passphrase,
    passphrase_options,
    with_owner_connection,
)
from gateway.registry.keys import operating
from gateway.registry.keys.authorities import IssuingFolder, RootAuthority
from gateway.registry.keys.hmac_keys import HmacMaster
from gateway.registry.keys.owners import Owner
from gateway.registry.pki import ISSUING_VALIDITY
from gateway.registry.secret_files import create_secret
from gateway.registry.signing import OutcomeSigner
from gateway.runtime.settings import Settings
from gateway.runtime.settings_source import variable

_FOLDER = click.Path(file_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("pki")
def pki_group() -> None:
    """Authorities, codes of enrolment, keys of clients and of outcomes."""


pki_group.add_command(status_command)


@pki_group.command("init-root")
@click.option("--to", "folder", required=True, type=_FOLDER, help="A new folder that no server reads.")
@click.option("--name", default="Tillgate root", show_default=True, help="What people read in it.")
@passphrase_options("root")
def init_root_command(folder: Path, name: str, root_fd: int | None) -> None:
    """Make the root. Keep its folder off every server, and its passphrase elsewhere."""
    with changed():
        made = RootAuthority.create(folder, new_passphrase("root", root_fd), datetime.now(UTC), name)
    click.echo(f"{folder / 'root.pem'} is for tills and doors: SHA-256 {_sha256(made.certificate)}")


@pki_group.command("create-issuing")
@click.option("--root", "root_folder", required=True, type=_FOLDER, help="The root's folder.")
@click.option("--to", "folder", required=True, type=_FOLDER, help="The folder of issuing authorities.")
@click.option("--days", type=click.IntRange(30, 3650), default=ISSUING_VALIDITY.days, show_default=True)
@passphrase_options("root", "issuing")
def create_issuing_command(
    root_folder: Path, folder: Path, days: int, root_fd: int | None, issuing_fd: int | None
) -> None:
    """Make the first issuing authority, which signs clients' certificates in the enrolment process."""
    if IssuingFolder(folder).certificates():
        raise click.ClickException(f"{folder} has an issuing authority: rotate-issuing adds another")
    _certify(root_folder, folder, days, root_fd, issuing_fd)


@pki_group.command("rotate-issuing")
@click.option("--root", "root_folder", required=True, type=_FOLDER, help="The root's folder.")
@click.option("--to", "folder", required=True, type=_FOLDER, help="The folder of issuing authorities.")
@click.option("--days", type=click.IntRange(30, 3650), default=ISSUING_VALIDITY.days, show_default=True)
@passphrase_options("root", "issuing")
def rotate_issuing_command(
    root_folder: Path, folder: Path, days: int, root_fd: int | None, issuing_fd: int | None
) -> None:
    """Add an issuing authority; what the former ones signed holds on. Then restart the enrolment process."""
    if not IssuingFolder(folder).certificates():
        raise click.ClickException(f"{folder} has no issuing authority: create-issuing makes the first")
    _certify(root_folder, folder, days, root_fd, issuing_fd)


@pki_group.command("issue-server")
@click.option("--root", "root_folder", required=True, type=_FOLDER, help="The root's folder.")
@click.option("--name", "names", required=True, multiple=True, help="A host name or address; again for more.")
@click.option("--to", "folder", required=True, type=_FOLDER, help="A new folder for cert.pem and key.pem.")
@passphrase_options("root")
def issue_server_command(
    root_folder: Path, names: tuple[str, ...], folder: Path, root_fd: int | None
) -> None:
    """Make key and certificate of the gateway's doors, signed by the root."""
    with changed():
        issued = RootAuthority.load(root_folder, passphrase("root", root_fd)).issue_server(
            names, datetime.now(UTC)
        )
        create_secret(folder / "key.pem", issued.key_pem)
        (folder / "cert.pem").write_bytes(issued.chain_pem)
    ends = x509.load_pem_x509_certificate(issued.chain_pem).not_valid_after_utc
    click.echo(f"{folder / 'cert.pem'} until {ends:%Y-%m-%d}")


@pki_group.command("issue-code")
@owner_options
@click.option("--hours", type=click.IntRange(1, 24), default=24, show_default=True, help="How long it holds.")
@signed(required=True)
def issue_code_command(owner: Owner, hours: int, by: str) -> None:
    """Make a one-time code by which a till or a concentrator enrols. It is shown here and nowhere else."""
    issued = with_owner_connection(
        lambda connection, _: operating.issue_code(connection, owner, by, timedelta(hours=hours))
    )
    click.echo(issued.code.text)
    click.echo(f"for {owner.name}, until {issued.ends_at:%Y-%m-%d %H:%M} UTC", err=True)


@pki_group.command("register")
@owner_options
@click.option("--certificate", "file", required=True, type=_FILE, help="The client's certificate, PEM.")
@signed()
def register_command(owner: Owner, file: Path, by: str) -> None:
    """Admit a certificate of another authority, for doors behind a proxy that ends TLS."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError:
        raise click.BadParameter(f"{file} is no certificate") from None
    fingerprint, ends_at = certificate.fingerprint(SHA256()), certificate.not_valid_after_utc
    with_owner_connection(
        lambda connection, _: operating.register_certificate(
            connection, owner, fingerprint, ends_at, by=actor(by)
        )
    )
    click.echo(f"{owner.name}: {fingerprint.hex()} until {ends_at:%Y-%m-%d}")


@pki_group.command("revoke")
@owner_options(required=False)
@click.option("--fingerprint", help="One key: the SHA-256 of its certificate, hexadecimal.")
@click.option("--certificate", "file", type=_FILE, help="One key: its certificate, PEM.")
@click.option("--reason", required=True)
@signed()
def revoke_command(
    owner: Owner | None, fingerprint: str | None, file: Path | None, reason: str, by: str
) -> None:
    """Shut out a client, or one of its keys, for good: at every door within a second."""
    if sum(given is not None for given in (owner, fingerprint, file)) != 1:
        raise click.UsageError("name one: a terminal, a concentrator, a fingerprint or a certificate")
    if owner is not None:
        one = owner
        count = with_owner_connection(
            lambda connection, _: operating.revoke_owner(connection, one, reason, by=actor(by))
        )
        click.echo(f"{one.name}: {count} keys revoked")
        return
    try:
        wanted = (
            x509.load_pem_x509_certificate(file.read_bytes()).fingerprint(SHA256())
            if file
            else bytes.fromhex(fingerprint or "")
        )
    except ValueError:
        raise click.UsageError("that is no certificate, or no fingerprint") from None
    with_owner_connection(
        lambda connection, _: operating.revoke_fingerprint(connection, wanted, reason, by=actor(by))
    )
    click.echo(f"{wanted.hex()} revoked")


@pki_group.command("create-hmac-master")
@click.option("--to", "file", required=True, type=_NEW_FILE, help="A new file.")
def create_hmac_master_command(file: Path) -> None:
    """Make the key of which the JSON door's HMAC keys are made; every node gets the same."""
    with changed():
        HmacMaster.create(file)
    click.echo(f"{file}: name it as {variable('hmac_master_key_file')}")


@pki_group.command("hmac-key")
@owner_options
@click.option("--to", "file", required=True, type=_NEW_FILE, help="A new file for the client.")
@signed()
def hmac_key_command(owner: Owner, file: Path, by: str) -> None:
    """Admit a client to the JSON door by its next HMAC key. Revoke earlier ones when it is in use."""

    async def add(connection: AsyncConnection, settings: Settings) -> str:
        if settings.hmac_master_key_file is None:
            raise click.ClickException(f"{variable('hmac_master_key_file')} is not set")
        master = HmacMaster.load(settings.hmac_master_key_file)
        key_id = await operating.add_hmac_key(connection, owner, by=actor(by))
        create_secret(file, f"{key_id}\n{master.key(key_id).hex()}\n".encode())
        return key_id

    with changed():
        click.echo(f"{file}: key {with_owner_connection(add)}")


@pki_group.command("rotate-outcome-key")
@click.option("--to", "file", required=True, type=_NEW_FILE, help="A new file for the private key.")
@signed()
def rotate_outcome_key_command(file: Path, by: str) -> None:
    """Make the next key of outcomes and publish it. Let it sign when tills have fetched the key set."""
    with changed():
        signer = OutcomeSigner.create(file)
    with_owner_connection(
        lambda connection, _: operating.publish_outcome_key(
            connection, signer.key_id, signer.public_key, by=actor(by)
        )
    )
    name = variable("signing_key_file")
    click.echo(f"{signer.key_id} is published; {file} signs once it is {name} of every node")


@pki_group.command("publish-outcome-key")
@click.argument("file", type=_FILE)
@signed()
def publish_outcome_key_command(file: Path, by: str) -> None:
    """Publish a key of outcomes that signs already, as the first one of an installation does."""
    with changed():
        signer = OutcomeSigner.load(file)
    with_owner_connection(
        lambda connection, _: operating.publish_outcome_key(
            connection, signer.key_id, signer.public_key, by=actor(by)
        )
    )
    click.echo(f"{signer.key_id} is published")


@pki_group.command("retire-outcome-key")
@click.argument("key_id")
@signed()
def retire_outcome_key_command(key_id: str, by: str) -> None:
    """Say that a key of outcomes signs no more. What it signed stays provable: it is never removed."""
    with_owner_connection(
        lambda connection, _: operating.retire_outcome_key(connection, key_id, by=actor(by))
    )
    click.echo(f"{key_id} is retired")


def _certify(root_folder: Path, folder: Path, days: int, root_fd: int | None, issuing_fd: int | None) -> None:
    with changed():
        root = RootAuthority.load(root_folder, passphrase("root", root_fd))
        made = root.certify_issuing(
            folder, new_passphrase("issuing", issuing_fd), datetime.now(UTC), timedelta(days=days)
        )
    click.echo(f"{folder}: {made.serial_number:x} signs clients until {made.not_valid_after_utc:%Y-%m-%d}")


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()
