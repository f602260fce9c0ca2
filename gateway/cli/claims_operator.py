"""What commands on claims share: a person who may propose, and files from outside."""

from pathlib import Path

from gateway.cli.people_support import signatory
from gateway.people.roles import Permission
from gateway.record.words import Actor
from gateway.runtime.settings import Settings


async def operator(settings: Settings, by: str) -> Actor:
    """Whom the audit log names; raises PeopleError NOT_PERMITTED and those of signing in."""
    who = await signatory(settings, by)
    who.require(Permission.PROPOSE)
    return Actor.person(who.login)


def bytes_of(file: Path, bytes_max: int) -> bytes:
    """A file's bytes, of one that is too large one more than the limit: whoever reads it refuses it."""
    with file.open("rb") as opened:
        return opened.read(bytes_max + 1)
