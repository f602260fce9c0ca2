"""Archives of signed outcomes: what the SDK keeps the gateway reads, and it believes signatures alone."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.rpc.told import Disbelieved, Told, read_told
from merchant_sdk import ConfigurationError
from merchant_sdk.archive import OutcomeArchive
from merchant_sdk.signatures import SignedBytes
from tillgate.v1 import purchase_pb2 as wire

KEY = Ed25519PrivateKey.generate()
KEYS = {"key-1": KEY.public_key().public_bytes_raw()}
REQUEST_ID = UUID("01a20451-97a9-7892-a561-8d334116e902")


def signed(terminal_id: int = 1) -> SignedBytes:
    """A signed outcome of a refund."""
    outcome = wire.SignedOutcome(
        request_id=str(REQUEST_ID),
        kind=wire.COMMAND_KIND_REFUND,
        decision=wire.DECISION_APPROVED,
        merchant_id=7,
        purchase=wire.Purchase(certificate_kopecks=500_00, total_kopecks=600_00),
        refund=wire.Refund(points_kopecks=100_00, own_money_kopecks=20_00),
        terminal_id=terminal_id,
    )
    payload = outcome.SerializeToString()
    return SignedBytes(payload, KEY.sign(payload), "key-1")


def read(archive: OutcomeArchive) -> list[Told | Disbelieved]:
    """What the gateway makes of an archive."""
    return list(read_told(archive.path.read_bytes().splitlines(), "told", KEYS))


def test_what_a_till_keeps_is_read_and_believed(tmp_path: Path) -> None:
    """Byte for byte on the till's side; by sums of this very command on the gateway's."""
    archive = OutcomeArchive(tmp_path / "told.jsonl")
    kept = [signed(terminal_id=1), signed(terminal_id=2)]
    for item in kept:
        archive.keep(item)
    assert kept == list(archive)
    [first, second] = read(archive)
    assert isinstance(first, Told)
    assert (REQUEST_ID, 7, 1, "REFUND", "APPROVED") == (
        first.request_id, first.merchant_id, first.terminal_id, first.kind, first.decision,
    )  # fmt: skip
    assert (100_00, 20_00, 600_00) == (first.points_kopecks, first.own_money_kopecks, first.total_kopecks)
    assert "told:2" == second.place


def test_a_line_that_a_power_failure_cut_short_spoils_no_other(tmp_path: Path) -> None:
    """The next one begins a line of its own; the torn one is named."""
    archive = OutcomeArchive(tmp_path / "told.jsonl")
    archive.keep(signed())
    archive.path.write_bytes(archive.path.read_bytes()[:-20])
    archive.keep(signed())
    torn, whole = read(archive)
    assert isinstance(torn, Disbelieved)
    assert isinstance(whole, Told)
    with pytest.raises(ConfigurationError, match=r"told\.jsonl, line 1, is no signed outcome"):
        list(archive)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key_id": "key-2"}, "signed by a key that is not in the set, or a field is absent: 'key-2'"),
        ({"signature": "AAAA"}, "the signature does not fit the payload"),
        ({"signed_payload": "AAAA"}, "the signature does not fit the payload"),
        ({"signed_payload": "?"}, "no signed outcome: "),
    ],
)
def test_a_line_without_a_valid_signature_proves_nothing(
    tmp_path: Path, change: dict[str, str], why: str
) -> None:
    """Anybody may write a file; the gateway's key signs."""
    archive = OutcomeArchive(tmp_path / "told.jsonl")
    archive.keep(signed())
    line = json.loads(archive.path.read_bytes())
    archive.path.write_text(json.dumps(line | change) + "\n")
    [found] = read(archive)
    assert isinstance(found, Disbelieved)
    assert found.why.startswith(why)
