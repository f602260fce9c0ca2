"""The credentials folder: what is missing or wrong is named."""

import json
from pathlib import Path

import pytest

from merchant_sdk import ConfigurationError, TillCredentials
from tests.sdk_support.credentials import MERCHANT_ID, OUTLET_ID, TERMINAL_ID, throwaway_keys, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A complete folder."""
    return write_folder(tmp_path / "till-1", "127.0.0.1:1", throwaway_keys())


def test_a_folder_tells_who_the_till_is(folder: Path) -> None:
    """All ids, the endpoint and the keys are read."""
    credentials = TillCredentials.from_folder(folder)
    assert (MERCHANT_ID, OUTLET_ID, TERMINAL_ID) == (
        credentials.merchant_id,
        credentials.outlet_id,
        credentials.terminal_id,
    )
    assert "127.0.0.1:1" == credentials.endpoint
    assert credentials == TillCredentials.from_folder(str(folder))


def test_the_private_key_is_never_shown(folder: Path) -> None:
    """A repr may reach a log."""
    assert "PRIVATE" not in repr(TillCredentials.from_folder(folder))


@pytest.mark.parametrize("name", ["cert.pem", "key.pem", "ca.pem", "outcome_keys.json", "terminal.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """The integrator reads which file to bring."""
    (folder / name).unlink()
    with pytest.raises(ConfigurationError, match=name):
        TillCredentials.from_folder(folder)


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        json.dumps({"keys": []}),
        json.dumps({"keys": [{"key_id": "a", "algorithm": "RSA", "public_key_base64": ""}]}),
        json.dumps({"keys": [{"key_id": "a", "algorithm": "Ed25519", "public_key_base64": "!"}]}),
        json.dumps({"keys": [{"key_id": "a", "algorithm": "Ed25519", "public_key_base64": "AAAA"}]}),
        json.dumps({"keys": [{"algorithm": "Ed25519", "public_key_base64": "AAAA"}]}),
    ],
)
def test_a_key_set_that_could_prove_nothing_is_refused(folder: Path, content: str) -> None:
    """Without a usable key no answer could be believed, so no client is made."""
    (folder / "outcome_keys.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"outcome_keys\.json"):
        TillCredentials.from_folder(folder)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        (json.dumps({"merchant_id": 1}), "no endpoint"),
        (
            json.dumps({"endpoint": "127.0.0.1:1", "merchant_id": "1", "outlet_id": 2}),
            "merchant_id, terminal_id",
        ),
    ],
)
def test_an_incomplete_terminal_is_refused(folder: Path, content: str, named: str) -> None:
    """The message says what is missing."""
    (folder / "terminal.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"terminal\.json .*{named}"):
        TillCredentials.from_folder(folder)


def test_an_endpoint_given_takes_the_place_of_the_folders(folder: Path) -> None:
    """The same folder serves behind a tunnel or on a test port."""
    assert "127.0.0.1:2" == TillCredentials.from_folder(folder, endpoint="127.0.0.1:2").endpoint


def test_a_concentrator_has_no_terminal_of_its_own(folder: Path) -> None:
    """Its folder has concentrator.json in the place of terminal.json."""
    (folder / "terminal.json").unlink()
    (folder / "concentrator.json").write_text(json.dumps({"concentrator_id": 5, "merchant_id": 11}))
    credentials = TillCredentials.from_folder(folder, endpoint="127.0.0.1:1")
    assert (11, 0) == (credentials.merchant_id, credentials.terminal_id)
