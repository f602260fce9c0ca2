"""The command line where four eyes are enforced, and persons who sign in at it."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from click.testing import Result

from gateway.people.roles import Role
from gateway.people.second_factor import code_at
from gateway.people.signing_in import SignIn
from gateway.runtime.database import make_engine
from gateway.runtime.people import sign_in_of
from gateway.runtime.settings import load_settings
from tests.cli_kit import CommandLine
from tests.people_kit import HERE, PASSWORD

INVITATION = re.compile(r"once: (\S+)")
PROPOSAL = re.compile(r"proposal (\d+) waits")

_ALONE = {"TILLGATE_FOUR_EYES": "false"}

Value = TypeVar("Value")


@dataclass
class SigningDesk:
    """The command line with four eyes, and persons who sign in at it."""

    tillgate: CommandLine
    secrets: dict[str, bytes]
    minutes: int = 0

    def with_sign_in(self, work: Callable[[SignIn], Awaitable[Value]]) -> Value:
        """What a person does at the door."""
        settings = load_settings({**os.environ, **self.tillgate.environment})

        async def connected() -> Value:
            engine = make_engine(settings.database_people_url, pool_size=0)
            try:
                return await work(sign_in_of(settings, engine))
            finally:
                await engine.dispose()

        return asyncio.run(connected())

    def alone(self, *arguments: object) -> Result:
        """Run a command where nobody has to sign in, as before four eyes are enforced."""
        return replace(self.tillgate, environment={**self.tillgate.environment, **_ALONE})(*arguments)

    def join(self, login: str, *roles: Role) -> None:
        """A new person, who joins."""
        options = [option for role in roles for option in ("--role", role.value)]
        added = self.alone("users", "add", login, "--name", f"Имя {login}", *options)
        assert 0 == added.exit_code, added.output
        self.joined(login, added)

    def joined(self, login: str, invited: Result) -> None:
        """A person uses the invitation that a command printed."""
        found = INVITATION.search(invited.stdout)
        assert found

        async def used(sign_in: SignIn) -> bytes:
            secret = (await sign_in.invitation_of(found[1], HERE)).totp_secret
            await sign_in.join(found[1], PASSWORD, code_at(secret, self.now()), HERE)
            return secret

        self.secrets[login] = self.with_sign_in(used)

    def now(self) -> datetime:
        """The database's time."""
        return datetime.fromisoformat(
            self.tillgate.sql("SELECT to_char(tillgate_now(), 'YYYY-MM-DD HH24:MI:SS.USOF')") + ":00"
        )

    def as_(self, login: str, *arguments: object, password: str = PASSWORD) -> Result:
        """Run a command as a person who types password and a fresh code."""
        self.minutes += 1
        self.tillgate.sql(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            f" AS $$SELECT clock_timestamp() + interval '{self.minutes} minutes'$$"
        )
        code = code_at(self.secrets[login], self.now()) if login in self.secrets else "000000"
        return self.tillgate(*arguments, "--by", login, typed=f"{password}\n{code}\n")

    def proposed(self, login: str, *arguments: object) -> str:
        """Run a command that proposes; returns the proposal's number."""
        done = self.as_(login, *arguments)
        found = PROPOSAL.search(done.stdout)
        assert found, done.output
        return found[1]

    def approve(self, login: str, number: str) -> Result:
        """Look at a proposal and approve it."""
        shown = self.tillgate.json("proposals", "show", number)
        return self.as_(login, "proposals", "approve", number, "--sha256", shown["payload_sha256"])


def signing_desk(tillgate: CommandLine, *, joins: bool = True) -> SigningDesk:
    """An operator and an approver, at a command line that wants both; or nobody yet."""
    made = SigningDesk(
        replace(tillgate, environment={**tillgate.environment, "TILLGATE_FOUR_EYES": "true"}), {}
    )
    if joins:
        made.join("operator", Role.OPERATOR)
        made.join("approver", Role.APPROVER)
    return made
