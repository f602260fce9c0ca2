"""tillgate-till as an integrator runs it: apply, enrol, check, renew; and killed and run again."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict
from sqlalchemy import text

from gateway.registry.keys.operating import publish_outcome_key, revoke_owner
from gateway.registry.keys.owners import Owner
from gateway.registry.pki import IssuingAuthority
from gateway.registry.signing import OutcomeSigner
from gateway.rpc.enrollment import methods
from merchant_sdk import Basket, Card, Line, SyncTillClient, UnauthenticatedError
from merchant_sdk.enrollment import EnrollmentClient, enroll, fresh_credentials, renew
from merchant_sdk.enrollment_files import RENEWED_IN_LAST, CredentialsFolder
from merchant_sdk.errors import UnavailableError
from merchant_sdk.till_cli import main
from tests.door_kit import Door, door_on
from tests.enrolment_kit import entity
from tests.integration.test_applications_wire import on_wire
from tests.keys_kit import OPERATOR, Enrollment, enrollment_on


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway."""
    async with door_on(tmp_path, database_url, redis_url) as running:
        yield running


@pytest_asyncio.fixture
async def enrollment(door: Door, tmp_path: Path) -> AsyncIterator[Enrollment]:
    """Enrolment beside it; its root lies in ca.pem, as an operator hands it out."""
    ports = {"grpc_port": door.gateway.grpc_port, "json_port": door.gateway.json_port}
    async with enrollment_on(door.settings.model_copy(update=ports)) as running:
        (tmp_path / "ca.pem").write_bytes(running.ca_pem)
        yield running


@pytest.fixture
def owner(door: Door) -> Owner:
    """The first terminal."""
    return Owner(terminal_id=door.fixture.terminals[0].terminal_ids[0])


async def run(*arguments: object) -> int:
    """The exit code of a command."""
    return await asyncio.to_thread(main, ["--language", "en", *map(str, arguments)])


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What commands have printed; the gateway logs beside them."""
    return [line for line in capsys.readouterr().out.splitlines() if "[info" not in line]


async def enrolled(enrollment: Enrollment, owner: Owner, folder: Path) -> str:
    """Enrol a folder; the code that was used."""
    code = await enrollment.code(owner)
    place = ("--endpoint", enrollment.endpoint, "--ca", folder.parent / "ca.pem", "--out", folder)
    assert 0 == await run("enroll", *place, "--code", code)
    return code


async def test_a_till_enrols_checks_and_sells(
    door: Door,
    enrollment: Enrollment,
    owner: Owner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The folder is what the SDK's client takes; the key is nobody else's to read."""
    folder = tmp_path / "till-1"
    await enrolled(enrollment, owner, folder)
    assert 0 == await run("check", folder)
    said = capsys.readouterr().out
    assert f"terminal {owner.terminal_id}" in said
    assert "serves this client" in said
    assert 0o600 == stat.S_IMODE((folder / "key.pem").stat().st_mode)
    assert [
        "ca.pem",
        "cert.pem",
        "enrollment_ca.pem",
        "key.pem",
        "outcome_keys.json",
        "terminal.json",
    ] == sorted(os.listdir(folder))
    card = await door.card(500_00)

    def sell() -> int:
        basket = Basket.of(Line.piece("Молоко", unit_price_kopecks=89_90, pieces=2, okpd2="10.51.11"))
        with SyncTillClient(fresh_credentials(folder)) as till:
            result = till.send(till.prepare_sale(Card(card.number, card.series), basket))
            return result.purchase.certificate_kopecks

    assert 179_80 == await asyncio.to_thread(sell)


async def test_a_killed_enrolment_is_run_again(enrollment: Enrollment, owner: Owner, tmp_path: Path) -> None:
    """The answer was lost on its way to the disk: the same code and key get the same certificate."""
    folder = tmp_path / "till-1"
    code = await enrolled(enrollment, owner, folder)
    before = CredentialsFolder(folder).certificate()
    (folder / "cert.pem").unlink()
    (folder / "key.pem").rename(folder / "new_key.pem")
    place = ("--endpoint", enrollment.endpoint, "--ca", tmp_path / "ca.pem", "--out", folder)
    assert 0 == await run("enroll", *place, "--code", code)
    assert before == CredentialsFolder(folder).certificate()


async def test_a_certificate_is_renewed_when_it_is_due_and_not_before(
    enrollment: Enrollment, owner: Owner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a new key each time; the folder is good before, between and after."""
    folder = tmp_path / "till-1"
    await enrolled(enrollment, owner, folder)
    first, key = CredentialsFolder(folder).certificate(), (folder / "key.pem").read_bytes()
    assert 0 == await run("renew", folder)
    assert "not due" in capsys.readouterr().out
    assert first == CredentialsFolder(folder).certificate()
    assert 0 == await run("renew", folder, "--now")
    assert first != CredentialsFolder(folder).certificate()
    assert key != (folder / "key.pem").read_bytes()
    assert 0 == await run("check", folder)


async def test_a_due_certificate_is_renewed_by_whoever_asks_for_credentials(
    enrollment: Enrollment, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And if nobody answers there, the old one is good until its end."""
    folder = tmp_path / "till-1"
    await enrolled(enrollment, owner, folder)
    first = CredentialsFolder(folder).certificate()
    monkeypatch.setattr(
        CredentialsFolder, "is_due", lambda place: place.certificate().serial_number == first.serial_number
    )
    said = json.loads((folder / "terminal.json").read_text())
    (folder / "terminal.json").write_text(json.dumps(said | {"enrollment_endpoint": "localhost:1"}))
    kept = await asyncio.to_thread(fresh_credentials, folder, timeout_s=1.0, patience_s=0.0)
    assert first == CredentialsFolder(folder).certificate()
    assert said["terminal_id"] == kept.terminal_id
    (folder / "terminal.json").write_text(json.dumps(said))
    renewed = await asyncio.to_thread(fresh_credentials, folder)
    assert first != CredentialsFolder(folder).certificate()
    assert renewed.certificate_pem == (folder / "cert.pem").read_bytes()


async def test_a_new_key_of_outcomes_reaches_the_till_before_it_signs(
    enrollment: Enrollment, owner: Owner, tmp_path: Path
) -> None:
    """Each look at the gateway fetches what is published; the old key stays."""
    folder = tmp_path / "till-1"
    await enrolled(enrollment, owner, folder)
    signer = OutcomeSigner.create(tmp_path / "next.pem")
    await enrollment.change(
        lambda connection: publish_outcome_key(connection, signer.key_id, signer.public_key, by=OPERATOR)
    )
    before = {key["key_id"] for key in json.loads((folder / "outcome_keys.json").read_text())["keys"]}
    assert 0 == await run("renew", folder)
    after = {key["key_id"] for key in json.loads((folder / "outcome_keys.json").read_text())["keys"]}
    assert before | {signer.key_id} == after


async def test_a_revoked_till_is_told_so(
    enrollment: Enrollment, owner: Owner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither check nor renewal goes; only a new code helps, with a new key."""
    folder = tmp_path / "till-1"
    await enrolled(enrollment, owner, folder)
    await enrollment.change(lambda connection: revoke_owner(connection, owner, "stolen", by=OPERATOR))
    assert 1 == await run("renew", folder, "--now")
    assert "revoked" in capsys.readouterr().err
    with pytest.raises(UnauthenticatedError):
        await asyncio.to_thread(renew, folder, even_if_early=True)
    await enrolled(enrollment, owner, folder)
    assert 0 == await run("check", folder)


async def test_a_wrong_code_is_told_in_words(
    enrollment: Enrollment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing but the key that waits lies in the folder."""
    place = ("--endpoint", enrollment.endpoint, "--ca", tmp_path / "ca.pem", "--out", tmp_path / "till")
    assert 1 == await run("enroll", *place, "--code", "wrong")
    assert "The enrolment code is wrong" in capsys.readouterr().err
    assert ["new_key.pem"] == os.listdir(tmp_path / "till")


async def test_whoever_believes_another_root_tells_nobody_his_code(
    enrollment: Enrollment, owner: Owner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server is checked before anything is sent to it."""
    stranger = IssuingAuthority.create(tmp_path / "stranger", datetime.now(UTC))
    (tmp_path / "other.pem").write_bytes(stranger.root_pem)
    code = await enrollment.code(owner)

    def attempt() -> None:
        with EnrollmentClient(
            enrollment.endpoint, ca_pem=stranger.root_pem, timeout_s=2.0, patience_s=0.0
        ) as client:
            enroll(client, tmp_path / "till", code)

    with pytest.raises(UnavailableError):
        await asyncio.to_thread(attempt)
    unused = await enrollment.change(
        lambda connection: connection.execute(
            text("SELECT count(*) FROM enrollment_code WHERE used_at IS NULL AND tries_left = 5")
        )
    )
    assert 1 == unused.scalar_one()


async def test_an_application_is_submitted_once_and_followed(
    enrollment: Enrollment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Number and secret are kept, for nobody else; what is wrong with a form is told line by line."""
    form = MessageToDict(on_wire(entity(77)), preserving_proto_field_name=True)
    file = tmp_path / "form.json"
    place = ("--endpoint", enrollment.endpoint, "--ca", tmp_path / "ca.pem")
    file.write_text(json.dumps(form | {"inn": "0000000001", "bic": "1"}))
    assert 1 == await run("apply", file, *place)
    said = capsys.readouterr().err
    assert "application.inn" in said
    assert "application.bic" in said
    file.write_text(json.dumps(form))
    assert [0, 0] == [await run("apply", file, *place) for _ in range(2)]
    assert ["1", "1"] == printed(capsys)
    state = tmp_path / "form.state.json"
    assert 0o600 == stat.S_IMODE(state.stat().st_mode)
    assert 0 == await run("status", state)
    assert ["1: SUBMITTED"] == printed(capsys)
    file.write_text("[]")
    assert 1 == await run("apply", file, *place)


def test_gateway_and_sdk_reckon_the_last_third_alike() -> None:
    """A till renews when it is told to."""
    assert methods.RENEWED_IN_LAST == RENEWED_IN_LAST
