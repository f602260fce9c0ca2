"""Documents and audit bundle of a claim on a real ledger: whole when untouched, and any change is named."""

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from gateway.goods.loader import SHIPPED
from gateway.goods.reference.kinds import Kind
from gateway.ledger.archive import archived, retire
from gateway.ledger.seals.making import seal_due_days
from gateway.registry.signing import OutcomeSigner
from settlement.claims.reading import read_claim
from settlement.documents import bundle as names
from settlement.documents.bundle_checking import Checked, check_bundle
from settlement.documents.tracing import trace
from settlement.errors import SettlementError
from settlement.ledger_reader.documents import names_of
from tests.bundle_kit import bundled, documents_of, month_of, seal, sign_outcomes
from tests.claims_kit import Town, month_from, town_on
from tests.reference_kit import desk_on


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the first day of a month."""
    async with town_on(database_url) as made:
        yield made


@pytest.fixture
def signer(tmp_path: Path) -> OutcomeSigner:
    """A key of outcomes."""
    return OutcomeSigner.create(tmp_path / "key.pem")


async def test_documents_tell_signs_certificates_sales_and_seals(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """What the claim itself does not know comes from the ledger."""
    claim = await month_of(town, signer)
    made = await documents_of(town, claim, tmp_path / "out")
    told = json.loads(made.claim_json.read_bytes())
    sold, other, back, unmatched = told["lines"]
    assert {1} == {one["receipt"]["fiscal_sign"] for one in (sold, other)}
    certificate = await town.connection.fetchval("SELECT id FROM certificate")
    assert [[str(certificate)]] * 4 == [one["certificates"] for one in told["lines"]]
    assert other["operation_id"] == back["original_operation_id"]
    assert [None] * 3 == [one["original_operation_id"] for one in (sold, other, unmatched)]
    assert ["shop"] * 4 == [
        row.split(";")[2] for row in made.register_csv.read_text("utf-8-sig").splitlines()[1:5]
    ]
    sealed = await town.connection.fetchval("SELECT hash FROM day_seal WHERE day = $1", claim.first_day)
    assert [sealed.hex()] == [one["hash"] for one in told["seals"]]


async def test_documents_are_the_same_after_more_days_are_sealed_and_decided(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """What a merchant signed can be printed again, byte by byte."""
    claim = await month_of(town, signer)
    first = await documents_of(town, claim, tmp_path / "first")
    await town.decide(claim.id)
    await town.at(town.now + timedelta(days=3))
    await seal_due_days(town.connection, signer)
    second = await documents_of(town, await read_claim(town.connection, claim.id), tmp_path / "second")
    for one, other in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == other.read_bytes()


async def test_programs_are_named_as_when_the_claim_was_filed(database_url: str, tmp_path: Path) -> None:
    """By the newest version in the list of that instant; a list that came later moves no document."""
    files = tmp_path / "p"
    shutil.copytree(SHIPPED / "programs", files / "programs")
    shutil.copy(SHIPPED / "nominals.toml", files)
    async with desk_on(database_url, tmp_path) as desk:
        start = await desk.now()
        await desk.draft(Kind.PROGRAMS, files, "old")
        await desk.publish(Kind.PROGRAMS, "old")
        food = (files / "programs" / "food-2.toml").read_text("utf-8")
        renamed = food.replace("version = 2", "version = 3").replace("Продукты питания", "Продукты")
        desk.file("p/programs/food-3.toml", renamed)
        await desk.draft(Kind.PROGRAMS, files, "new")
        await desk.publish(Kind.PROGRAMS, "new", effective_from=start + timedelta(hours=3))
        named = [
            (await names_of(desk.connection, 1, start + timedelta(hours=hours))).programs.get("food")
            for hours in (0, 2, 4)
        ]
    assert [None, "Продукты питания", "Продукты"] == named


async def test_an_untouched_bundle_is_whole(town: Town, signer: OutcomeSigner, tmp_path: Path) -> None:
    """As a folder and packed, the same manifest and the same bytes, verified by the department's keys."""
    claim = await month_of(town, signer)
    manifest = await bundled(town, claim, tmp_path / "bundle", signer)
    assert manifest == await bundled(town, claim, tmp_path / "bundle.zip", signer)
    await bundled(town, claim, tmp_path / "again.zip", signer)
    assert (tmp_path / "bundle.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    for name in ("bundle", "bundle.zip"):
        found = check_bundle(tmp_path / name, {signer.key_id: signer.public_key})
        assert () == found.problems
        assert (manifest, claim.id, 4) == (found.manifest_sha256, found.claim_id, found.lines)
        # Three sales are authorized and captured, one is refunded.
        assert 7 == found.outcomes == found.sealed


async def test_a_bundle_is_the_same_when_its_months_are_in_the_archive(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """Six years later documents, purchases, entries and traces are what they were."""
    claim = await month_of(town, signer)
    await bundled(town, claim, tmp_path / "before.zip", signer)
    traced = [await trace(town.connection, claim, line.n) for line in await town.lines(claim)]
    await town.at(town.now + timedelta(days=6 * 366))
    await retire(town.connection, 5)
    assert await archived(town.connection)
    await bundled(town, claim, tmp_path / "after.zip", signer)
    assert (tmp_path / "before.zip").read_bytes() == (tmp_path / "after.zip").read_bytes()
    assert traced == [await trace(town.connection, claim, line.n) for line in await town.lines(claim)]


async def test_a_bundle_names_no_card_account_or_holder(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """Certificates lead to acts, and not to persons."""
    claim = await month_of(town, signer)
    await bundled(town, claim, tmp_path / "bundle", signer)
    token, holder = await town.connection.fetchrow(
        "SELECT c.token, a.holder_ref FROM card c JOIN card_account a ON a.id = c.account_id"
    )
    for name in os.listdir(tmp_path / "bundle"):
        content = (tmp_path / "bundle" / name).read_bytes()
        for secret in (token, token.hex().encode(), holder.encode(), b"account_id", b"cashier_ref"):
            assert secret not in content, name


async def test_a_bundle_without_seals_is_whole_too(town: Town, signer: OutcomeSigner, tmp_path: Path) -> None:
    """A day that is not sealed has no proof, and nobody says it had."""
    await town.sell(100_00)
    await sign_outcomes(town, signer)
    month = town.month
    await town.on(month_from(month, 1))
    claim = await town.build(month)
    await bundled(town, claim, tmp_path / "bundle", signer)
    found = check_bundle(tmp_path / "bundle")
    assert ((), 2, 0) == (found.problems, found.outcomes, found.sealed)


def _replace(old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))

    return change


def _without_first_row(path: Path) -> None:
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])


def _forge_manifest(folder: Path) -> None:
    """Bring the manifest into line with the files, as whoever tampers would."""
    path = folder / names.MANIFEST
    manifest = json.loads(path.read_bytes())
    for one in manifest["files"]:
        one["sha256"] = sha256((folder / one["name"]).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))


_TAMPERED = [
    ("claim-{claim}-0.json", _replace(b'"amount_kopecks":10000', b'"amount_kopecks":90000')),
    ("claim-{claim}-0.json", _replace(b'"sale_kopecks":15000', b'"sale_kopecks":95000')),
    ("claim-{claim}-0.json", _replace(b'"program_code":"FOOD"', b'"program_code":"TOYS"')),
    (names.ENTRIES, _replace(b'"amount_kopecks":10000', b'"amount_kopecks":90000')),
    (names.ENTRIES, _without_first_row),
    (names.CERTIFICATES, _without_first_row),
    (names.RECEIPTS, _without_first_row),
    (names.PURCHASES, _without_first_row),
    (names.OUTCOMES, _without_first_row),
    (names.OUTCOMES, _replace(b'"signed_payload":"', b'"signed_payload":"00')),
    (names.OUTCOMES, _replace(b'"position":0', b'"position":1')),
    (names.SEALS, _replace(b"merchants 1", b"merchants 2")),
    (names.SEALS, _replace(b'"outcome_count":', b'"outcome_count":1')),
    (names.SEALS, lambda path: path.write_bytes(b"[]") and None),
    (names.KEYS, lambda path: path.write_bytes(b"{}") and None),
]


async def test_what_was_tampered_with_is_named_even_under_a_forged_manifest(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """By its SHA-256; and where the manifest was forged, by what stands against it."""
    claim = await month_of(town, signer)
    await bundled(town, claim, tmp_path / "whole", signer)
    for n, (name, change) in enumerate(_TAMPERED):
        folder = tmp_path / f"tampered-{n}"
        shutil.copytree(tmp_path / "whole", folder)
        file = name.format(claim=claim.id)
        change(folder / file)
        assert file in _named(check_bundle(folder)), f"{n}: {file}"
        _forge_manifest(folder)
        assert check_bundle(folder).problems, f"{n}: {file} under a forged manifest"


async def test_the_seal_of_the_claim_vouches_for_each_document_in_a_bundle(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """One that was changed is named, also where the manifest was brought into line with it."""
    claim = await month_of(town, signer)
    await seal(town, claim, signer, tmp_path / "sealed")
    await bundled(town, claim, tmp_path / "whole", signer)
    found = check_bundle(tmp_path / "whole")
    assert ((), 4) == (found.problems, found.documents)
    stem = f"claim-{claim.id}-0"
    for n, (name, change) in enumerate(
        (
            (f"{stem}.pdf", _replace(b"%PDF", b"%pdf")),
            (f"{stem}-register.xlsx", _replace(b"PK", b"pk")),
            (f"{stem}-register.csv", _replace(b";100,00;", b";900,00;")),
            (f"{stem}.json", _replace(b'"verdict_reason":""', b'"verdict_reason":"x"')),
            (names.HISTORY, _replace(b'\\"line_count\\":4', b'\\"line_count\\":5')),
        )
    ):
        folder = tmp_path / f"tampered-{n}"
        shutil.copytree(tmp_path / "whole", folder)
        change(folder / name)
        _forge_manifest(folder)
        assert {name} == _named(check_bundle(folder))
        assert {name} == _named(check_bundle(folder, {signer.key_id: signer.public_key}))


def _named(checked: Checked) -> set[str]:
    return {problem.file for problem in checked.problems}


async def test_files_that_came_or_went_are_named(town: Town, signer: OutcomeSigner, tmp_path: Path) -> None:
    """Also where the manifest no longer speaks of them, and in a package."""
    claim = await month_of(town, signer)
    await bundled(town, claim, tmp_path / "bundle", signer)
    await bundled(town, claim, tmp_path / "bundle.zip", signer)
    with ZipFile(tmp_path / "bundle.zip", "a") as package:
        package.writestr("../../escaped.txt", "x")
    assert {"../../escaped.txt"} == _named(check_bundle(tmp_path / "bundle.zip"))
    os.remove(tmp_path / "bundle" / names.HISTORY)
    assert {names.HISTORY} == _named(check_bundle(tmp_path / "bundle"))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a package"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes) -> None:
    """By its name, without a traceback."""
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no audit bundle"):
        check_bundle(path)


async def test_a_bundle_never_replaces_anything(town: Town, signer: OutcomeSigner, tmp_path: Path) -> None:
    """What was given out stays."""
    claim = await month_of(town, signer)
    (tmp_path / "there.zip").write_bytes(b"kept")
    with pytest.raises(SettlementError, match="PLACE_TAKEN"):
        await bundled(town, claim, tmp_path / "there.zip", signer)
    assert b"kept" == (tmp_path / "there.zip").read_bytes()


async def test_every_line_is_traced_to_its_act(town: Town, signer: OutcomeSigner) -> None:
    """Receipt, certificate, and the act that gave the points; a line that is not there is refused."""
    claim = await month_of(town, signer)
    for line in await town.lines(claim):
        found = await trace(town.connection, claim, line.n)
        assert line == found.line
        assert str(line.purchase_id) == found.purchase["id"]
        assert abs(line.amount_kopecks) == sum(one["amount_kopecks"] for one in found.entries)
        assert [("Комиссия", "17")] == [(one["act_body"], one["act_number"]) for one in found.certificates]
        if line.receipt:
            numbers = {(one["fiscal_drive_number"], one["fiscal_document_number"]) for one in found.receipts}
            assert line.receipt in numbers
    with pytest.raises(SettlementError, match="LINE_UNKNOWN"):
        await trace(town.connection, claim, 99)


async def test_an_outcome_that_was_changed_in_the_database_is_named(
    town: Town, signer: OutcomeSigner, tmp_path: Path
) -> None:
    """By whoever owns the database: the seal knows better."""
    claim = await month_of(town, signer)
    payload = b"another answer"
    await town.connection.execute(
        "UPDATE outcome SET signed_payload = $1, signature = $2 WHERE kind = 'REFUND'",
        payload, signer.sign(payload),
    )  # fmt: skip
    await bundled(town, claim, tmp_path / "bundle", signer)
    (problem,) = check_bundle(tmp_path / "bundle").problems
    assert names.OUTCOMES == problem.file
    assert "does not lead to the seal" in problem.what
