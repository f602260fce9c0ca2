"""Keys that the development profile makes for itself are made once, whoever comes first."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from gateway.runtime.keys import load_keys
from gateway.runtime.settings import Settings


def _loaded(data_dir: str) -> tuple[str, str, bytes]:
    keys = load_keys(Settings(data_dir=Path(data_dir)))
    return keys.signer.key_id, keys.card_tokens.key_id, keys.tls.certificate_chain


def test_commands_that_start_at_once_on_an_empty_directory_share_their_keys(tmp_path: Path) -> None:
    """`serve` and `certificates issue` may be the first two commands of a data directory, together."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_loaded, [str(tmp_path)] * 8))
    assert 1 == len(set(found))
