"""What the commands of `tillgate pki` share: passphrases, owners, one transaction as the tables' owner."""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, overload

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.support import in_transaction, with_settings
from gateway.registry.keys.operating import KeyTakenError, UnknownKeyError
from gateway.registry.keys.owners import Owner, UnknownOwnerError
from gateway.registry.secret_files import SecretFileError
from gateway.runtime.settings import Settings

Result = TypeVar("Result")
Command = Callable[..., Any]

PASSPHRASE_MAX_BYTES = 4096


@contextmanager
def changed() -> Iterator[None]:
    """Tells in one line what an operator can mend."""
    try:
        yield
    except (SecretFileError, OSError) as error:
        raise click.ClickException(str(error)) from error


def passphrase_options(*names: str) -> Callable[[Command], Command]:
    """`--root-fd N` and the like: where a passphrase is read from; asked for on the terminal otherwise."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            option = click.option(
                f"--{name}-fd",
                type=click.IntRange(min=0),
                help=f"Read the {name} passphrase from this file descriptor; it is asked for otherwise.",
            )
            command = option(command)
        return command

    return decorate


def passphrase(name: str, descriptor: int | None) -> bytes:
    """A passphrase that opens a key."""
    if descriptor is None:
        said: str = click.prompt(f"{name} passphrase", hide_input=True, err=True)
        return said.encode()
    return _read(descriptor)


def new_passphrase(name: str, descriptor: int | None) -> bytes:
    """A passphrase for a new key, on a terminal asked for twice."""
    if descriptor is None:
        said: str = click.prompt(
            f"new {name} passphrase", hide_input=True, confirmation_prompt=True, err=True
        )
        return said.encode()
    return _read(descriptor)


def _read(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read(PASSPHRASE_MAX_BYTES).strip()
    except OSError as error:
        raise click.ClickException(f"file descriptor {descriptor}: {error.strerror}") from None


@overload
def owner_options(command: Command) -> Command: ...


@overload
def owner_options(command: None = None, *, required: bool) -> Callable[[Command], Command]: ...


def owner_options(command: Command | None = None, *, required: bool = True) -> Any:
    """`--terminal N` or `--concentrator N`, given to the command as `owner`."""

    def decorate(inner: Command) -> Command:
        @click.option("--terminal", type=click.IntRange(min=1), help="The id of a terminal.")
        @click.option("--concentrator", type=click.IntRange(min=1), help="The id of a concentrator.")
        @wraps(inner)
        def outer(*, terminal: int | None, concentrator: int | None, **named: Any) -> Any:
            if (terminal and concentrator) or (required and not (terminal or concentrator)):
                raise click.UsageError("name a terminal or a concentrator")
            owner = Owner(terminal, concentrator) if terminal or concentrator else None
            return inner(owner=owner, **named)

        return outer

    return decorate if command is None else decorate(command)


def with_owner_connection(work: Callable[[AsyncConnection, Settings], Awaitable[Result]]) -> Result:
    """Do a piece of work in one transaction, as the role that owns the tables."""

    def connected(settings: Settings) -> Result:
        return in_transaction(settings.database_migrator_url, lambda connection: work(connection, settings))

    try:
        return with_settings(connected)
    except (UnknownOwnerError, UnknownKeyError, KeyTakenError) as error:
        raise click.ClickException(str(error)) from error
