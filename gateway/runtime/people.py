"""What the people's door and the commands about people stand on: the sealing key, and who signs people in."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.people.passwords import Passwords
from gateway.people.second_factor import SealingKey
from gateway.people.sessions import SessionLimits
from gateway.people.signing_in import SignIn
from gateway.registry.secret_files import create_key, read_key
from gateway.runtime.database import driver_connection
from gateway.runtime.errors import StartError
from gateway.runtime.keys import one_maker
from gateway.runtime.settings import Profile, Settings
from gateway.runtime.settings_source import variable

_FIELD: Final = "key_base64"


def load_sealing_key(settings: Settings) -> SealingKey:
    """The key that seals second factors; made once where no setting names it, in development.

    Raises StartError where production names none, and SecretFileError.
    """
    if settings.people_key_file:
        return _read(settings.people_key_file)
    if settings.profile is Profile.PRODUCTION:
        raise StartError(f"{variable('people_key_file')}: the production profile makes none; name a file")
    path = settings.keys_dir / "people_key.json"
    with one_maker(settings):
        if not path.exists():
            create_sealing_key(path)
    return _read(path)


def create_sealing_key(path: Path) -> None:
    """Make a new key file; raises FileExistsError if there is one."""
    create_key(path, _FIELD)


def sign_in_of(settings: Settings, engine: AsyncEngine) -> SignIn:
    """Who signs people in, on connections of an engine."""
    limits = SessionLimits(
        timedelta(seconds=settings.session_idle_s), timedelta(seconds=settings.session_longest_s)
    )
    return SignIn(partial(driver_connection, engine), Passwords(), load_sealing_key(settings), limits)


def _read(path: Path) -> SealingKey:
    return SealingKey(read_key(path, "key file of people's secrets", _FIELD))
