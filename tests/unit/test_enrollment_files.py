"""The credentials folder: killed at any point, it holds a key with its certificate, or can be resumed."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateway.registry.keys.building import pem
from gateway.registry.pki import IssuingAuthority
from merchant_sdk import enrollment_files
from merchant_sdk.enrollment_files import CredentialsFolder, PublishedKey, settle
from merchant_sdk.errors import ConfigurationError

NOW = datetime.now(UTC)
TOLD = {"merchant_id": 1, "terminal_id": 12, "outlet_id": 2, "endpoint": "localhost:1"}


class Killed(BaseException):
    """The power is gone."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    """Whoever certifies."""
    return IssuingAuthority.create(tmp_path_factory.mktemp("ca") / "ca", NOW)


def renewed(place: CredentialsFolder, authority: IssuingAuthority) -> None:
    """One enrolment or renewal of a folder."""
    place.prepare()
    chain = authority.certify_client("terminal-12", place.new_key().public_key(), NOW)
    place.keep(chain, pem(authority.root), "terminal.json", TOLD)


def fits(place: CredentialsFolder) -> bool:
    """Whether certificate and key belong together."""
    return place.certificate().public_key() == place.key().public_key()


def test_a_first_key_lies_with_its_certificate_and_for_its_owner_alone(
    tmp_path: Path, authority: IssuingAuthority
) -> None:
    """Nothing that was only needed on the way stays."""
    place = CredentialsFolder(tmp_path / "till")
    renewed(place, authority)
    assert fits(place)
    assert ["ca.pem", "cert.pem", "key.pem", "terminal.json"] == sorted(os.listdir(place.path))
    assert (0o600, 0o700) == tuple(
        path.stat().st_mode & 0o777 for path in (place.path / "key.pem", place.path)
    )


@pytest.mark.parametrize("step", range(12))
def test_a_renewal_that_is_killed_anywhere_leaves_a_pair_that_fits(
    tmp_path: Path, authority: IssuingAuthority, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """After the next start, whatever file was the last to be written; and the renewal can be done again."""
    place = CredentialsFolder(tmp_path / "till")
    renewed(place, authority)
    first = place.certificate()
    left = [step]

    def counted(real: Any) -> Any:
        def step_or_die(*arguments: Any, **named: Any) -> Any:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*arguments, **named)

        return step_or_die

    for name in ("write_anew", "write_once", "_replace", "_sync_folder"):
        monkeypatch.setattr(enrollment_files, name, counted(getattr(enrollment_files, name)))
    with suppress(Killed):
        renewed(place, authority)
    monkeypatch.undo()
    settle(place.path)
    assert fits(place)
    renewed(place, authority)
    assert fits(place)
    assert first != place.certificate()


def test_the_key_that_waits_is_the_same_until_it_is_certified(tmp_path: Path) -> None:
    """So the same request can be made again after a crash."""
    place = CredentialsFolder(tmp_path / "till")
    place.prepare()
    first = place.new_key().public_key()
    assert first == CredentialsFolder(tmp_path / "till").new_key().public_key()
    place.drop_new_key()
    assert first != place.new_key().public_key()


def test_published_keys_are_added_and_none_is_ever_dropped_or_changed(tmp_path: Path) -> None:
    """Old answers stay provable, and nobody slips another key under a known name."""
    place = CredentialsFolder(tmp_path)
    assert ["a"] == place.keep_outcome_keys([PublishedKey("a", bytes(32))])
    assert ["b"] == place.keep_outcome_keys([PublishedKey("b", bytes(31) + b"\1")])
    assert [] == place.keep_outcome_keys([PublishedKey("a", bytes(32))])
    content = (tmp_path / "outcome_keys.json").read_text()
    assert ('"a"' in content, '"b"' in content) == (True, True)
    with pytest.raises(ConfigurationError, match="another key"):
        place.keep_outcome_keys([PublishedKey("a", bytes(31) + b"\2")])
    assert content == (tmp_path / "outcome_keys.json").read_text()


def test_a_certificate_is_due_in_its_last_third(tmp_path: Path, authority: IssuingAuthority) -> None:
    """Not before, and still after its end."""
    place = CredentialsFolder(tmp_path / "till")
    renewed(place, authority)
    certificate: x509.Certificate = place.certificate()
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    third = (ends - begins) / 3
    assert [False, False, True, True] == [
        place.is_due(at) for at in (begins, ends - third * 1.01, ends - third * 0.99, ends)
    ]
