"""The gateway's own keys: files that the settings name or, in development, files made once by itself."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.registry.cards import CardKeyFile, CardKeySource, CardTokenKeys
from gateway.registry.identity import ensure_server
from gateway.registry.keys.authorities import IssuingFolder
from gateway.registry.keys.hmac_keys import HmacMaster
from gateway.registry.keys.outcome_keys import may_sign, published_keys
from gateway.registry.pki import IssuingAuthority
from gateway.registry.secret_files import read_secret
from gateway.registry.signing import OutcomeSigner
from gateway.registry.stop_list.keys import StopListKeys
from gateway.rpc.proxy import TrustedProxy
from gateway.rpc.server import TlsIdentity
from gateway.runtime.errors import StartError
from gateway.runtime.settings import Profile, Settings
from gateway.runtime.settings_source import variable

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class GatewayKeys:
    """What a purchase worker holds. The issuing key of the CA is not among it."""

    tls: TlsIdentity
    signer: OutcomeSigner
    card_tokens: CardTokenKeys
    stop_list: StopListKeys
    hmac_master: HmacMaster | None = None
    proxy: TrustedProxy | None = None


def authority(settings: Settings) -> IssuingAuthority:
    """The development CA below the data directory, made on first use."""
    folder = settings.keys_dir / "pki"
    with one_maker(settings):
        if not (folder / "issuing.pem").exists():
            return IssuingAuthority.create(folder, datetime.now(UTC))
    return IssuingAuthority.load(folder)


def load_keys(settings: Settings) -> GatewayKeys:
    """Load every key; what no setting names is made once, which only the development profile lets happen.

    Raises SecretFileError, which names the file and what is wrong with it.
    """
    hmac_file, proxy_file = settings.hmac_master_key_file, settings.tls_proxy_token_file
    return GatewayKeys(
        load_tls(settings),
        load_signer(settings),
        load_card_keys(settings),
        load_stop_list_keys(settings),
        HmacMaster.load(hmac_file) if hmac_file else None,
        TrustedProxy.load(proxy_file) if proxy_file else None,
    )


async def check_signing_key(engine: AsyncEngine, key_id: str) -> None:
    """Raises StartError if tills do not know the key that is to sign: they would believe no answer."""
    async with engine.connect() as connection:
        published = await published_keys(connection)
    if not may_sign(key_id, published):
        name = variable("signing_key_file")
        raise StartError(f"{name}: the key {key_id} is not published, or retired: tillgate pki status")


def load_issuing(settings: Settings) -> tuple[IssuingAuthority, bytes]:
    """The issuing authority that signs now, and the roots that tills are to trust, PEM.

    For the process of enrolment alone. Raises SecretFileError and StartError.
    """
    if settings.issuing_dir is None or settings.issuing_passphrase_file is None:
        if settings.profile is Profile.PRODUCTION or settings.issuing_dir is not None:
            names = " and ".join(map(variable, ("issuing_dir", "issuing_passphrase_file")))
            raise StartError(f"{names}: enrolment needs both")
        made = authority(settings)
        return made, made.root_pem
    passphrase = read_secret(settings.issuing_passphrase_file).strip()
    folder = IssuingFolder(settings.issuing_dir)
    return folder.current(passphrase, datetime.now(UTC)), folder.roots_pem()


def load_signer(settings: Settings) -> OutcomeSigner:
    """The key that signs outcomes."""
    if settings.signing_key_file:
        return OutcomeSigner.load(settings.signing_key_file)
    path = settings.keys_dir / "outcome_signing_key.pem"
    with one_maker(settings):
        return OutcomeSigner.load(path) if path.exists() else OutcomeSigner.create(path)


def load_card_keys(settings: Settings) -> CardTokenKeys:
    """The ring of keys that turn card numbers into tokens."""
    source: CardKeySource = card_key_source(settings)
    if settings.card_token_key_file:
        return source.load()
    with one_maker(settings):
        return source.load()


def card_key_source(settings: Settings) -> CardKeyFile:
    """Where the ring comes from."""
    path = settings.card_token_key_file
    return CardKeyFile(path) if path else CardKeyFile(settings.keys_dir / "card_token_key.json", is_made=True)


def load_stop_list_keys(settings: Settings) -> StopListKeys:
    """The master key of the stop list."""
    if settings.stop_list_key_file:
        return StopListKeys.load(settings.stop_list_key_file)
    path = settings.keys_dir / "stop_list_key.json"
    with one_maker(settings):
        return StopListKeys.load(path) if path.exists() else StopListKeys.create(path)


@contextmanager
def one_maker(settings: Settings) -> Iterator[None]:
    """Let two commands that start at once on an empty data directory make every key only once."""
    settings.keys_dir.mkdir(parents=True, exist_ok=True)
    with (settings.keys_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load_tls(settings: Settings) -> TlsIdentity:
    """The certificate of the doors, and whose clients' certificates they ask for."""
    if settings.tls_ca_file and settings.tls_cert_file and settings.tls_key_file:
        ca, chain, key = settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file
    else:
        folder = settings.keys_dir / "server"
        made = authority(settings)
        with one_maker(settings):
            ensure_server(folder, made, SERVER_NAMES, datetime.now(UTC))
        ca, chain, key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    return TlsIdentity(ca.read_bytes(), chain.read_bytes(), read_secret(key))
