"""A week of demand from real purchases: what is published, what is hidden in every format; once for all."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest
from openpyxl import load_workbook

from gateway.domain.commands import ByPurchaseId, Refund, RefundLine
from gateway.domain.policy import moscow_date
from gateway.record.words import Actor
from settlement.errors import SettlementError
from settlement.reports.demand import monday_of, name_of, publish_week, stored_week
from settlement.reports.demand_files import demand_files
from settlement.reports.demand_tables import REST_OF_DISTRICTS, REST_OF_GROUPS, Week
from settlement.reports.errors import ReportCode
from tests.cli_kit import CommandLine
from tests.ledger_kit import Kit, authorize, kit_on, line, must, new_request_id, origin

K = 3
MILK, BREAD, TEA, PHONE = "10.51.11.110", "10.71.11.110", "10.83.13.110", "26.40.20.110"
# Made so that no sum of others gives the same digits.
TEA_KOPECKS, ALONE_KOPECKS = 77_31, 91_57
FIRST, SECOND = Actor.person("first"), Actor.person("second")


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger whose merchants 1 to 3 have shops in three okrugs."""
    async with kit_on(database_url) as made:
        async with made.connect() as connection:
            for merchant, place in (
                (1, "район Сокол"),
                (2, "муниципальный округ Арбат"),
                (3, "район Митино"),
            ):
                await connection.execute(
                    "UPDATE outlet SET address = $2 WHERE id = $1",
                    merchant * 100,
                    f"г. Москва, {place}, дом 1",
                )
        yield made


async def _sell(kit: Kit) -> date:
    """Five buy milk and bread in two okrugs, two tea, one milk in a third okrug; returns the Monday."""
    ledger = await kit.ledger()
    cards = [await kit.card(ledger, 500_00) for _ in range(6)]
    for number, card in enumerate(cards[:5]):
        for terminal in (11, 21):
            lines = [line(1, 40_00, MILK), line(2, 30_00, BREAD, quantity_milli=2000)]
            if number < 2 and terminal == 11:
                lines.append(line(3, TEA_KOPECKS, TEA))
            command = authorize(card, *lines, terminal_id=terminal, is_sale=True)
            assert must(await ledger.submit(command)).is_approved
    alone = authorize(cards[5], line(1, ALONE_KOPECKS, MILK), terminal_id=31, is_sale=True)
    assert must(await ledger.submit(alone)).is_approved
    today = moscow_date(datetime.now(UTC))
    return today - timedelta(days=today.weekday())


async def _publish(kit: Kit, monday: date) -> Week:
    await kit.shift_clock(timedelta(days=14))
    async with kit.connect() as connection:
        return await publish_week(connection, monday, by=FIRST, accounts_min=K, wait_days=5)


async def test_a_week_sums_what_points_paid(kit: Kit) -> None:
    """Groups, quantities and sums are those of the purchases; few buyers' groups are in a rest."""
    week = await _publish(kit, await _sell(kit))
    assert week.total is not None
    assert week.total.amount_kopecks == 10 * 70_00 + 2 * TEA_KOPECKS + ALONE_KOPECKS
    shown = {row.name: row.figure for row in week.groups}
    # Tea alone is of two buyers: the smaller group, bread, hides it.
    assert shown.keys() == {"Молочные продукты", REST_OF_GROUPS}
    assert shown["Молочные продукты"].amount_kopecks == 10 * 40_00 + ALONE_KOPECKS
    assert shown[REST_OF_GROUPS].amount_kopecks == 10 * 30_00 + 2 * TEA_KOPECKS
    assert shown[REST_OF_GROUPS].quantity_milli == 10 * 2000 + 2 * 1000
    assert {row.name for row in week.districts} == {"САО", REST_OF_DISTRICTS}


async def test_what_is_hidden_stands_in_no_format(kit: Kit, tmp_path: Path) -> None:
    """Neither as rubles nor as kopecks, in no file and not in the stored tables."""
    monday = await _sell(kit)
    week = await _publish(kit, monday)
    files = demand_files(week, None, name_of(monday))
    assert len(files) == 3
    async with kit.connect() as connection:
        files["stored"] = (await connection.fetchval("SELECT tables::text FROM demand_week")).encode()
    for name, data in files.items():
        if zipfile.is_zipfile(io.BytesIO(data)):
            archive = zipfile.ZipFile(io.BytesIO(data))
            text = "".join(archive.read(part).decode() for part in archive.namelist())
        else:
            text = data.decode()
        for kopecks in (TEA_KOPECKS, 2 * TEA_KOPECKS, ALONE_KOPECKS):
            whole, rest = divmod(kopecks, 100)
            for digits in (f"{kopecks}", f"{whole}.{rest}", f"{whole},{rest}"):
                assert not re.search(rf"(?<![0-9]){re.escape(digits)}(?![0-9])", text), name
        assert "Чай" not in text, name
        assert "СЗАО" not in text, name


async def test_a_week_is_published_once(kit: Kit) -> None:
    """A refund after the publication changes nothing, and the database keeps it so."""
    monday = await _sell(kit)
    first = await _publish(kit, monday)
    ledger = await kit.ledger()
    async with kit.connect() as connection:
        purchase_id = await connection.fetchval("SELECT id FROM purchase WHERE merchant_id = 1 LIMIT 1")
        command = Refund(new_request_id(), origin(), ByPurchaseId(purchase_id), (RefundLine(1, 1000),))
        assert must(await ledger.submit(command)).is_approved
        again = await publish_week(connection, monday, by=SECOND, accounts_min=K + 1, wait_days=5)
        assert first == again
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("DELETE FROM demand_week")


async def test_two_who_publish_at_once_publish_the_same(kit: Kit) -> None:
    """Whoever comes second gets what the first stored."""
    monday = await _sell(kit)
    await kit.shift_clock(timedelta(days=14))
    async with kit.connect() as one, kit.connect() as other:
        made = await asyncio.gather(
            *(
                publish_week(connection, monday, by=FIRST, accounts_min=K, wait_days=5)
                for connection in (one, other)
            )
        )
        assert made[0] == made[1]
        assert await one.fetchval("SELECT count(*) FROM demand_week") == 1


async def test_a_publication_stands_in_the_audit_log(kit: Kit) -> None:
    """Once, with whoever made it and the digest of what was stored; a later run publishes nothing."""
    monday = await _sell(kit)
    await _publish(kit, monday)
    async with kit.connect() as connection:
        await publish_week(connection, monday, by=SECOND, accounts_min=K, wait_days=5)
        [entry] = await connection.fetch(
            "SELECT actor_id, action, subject_kind, subject_id, details FROM audit_entry"
        )
        stored = await connection.fetchval("SELECT tables::text FROM demand_week")
    assert tuple(entry)[:4] == ("first", "demand.published", "DEMAND_WEEK", name_of(monday))
    assert entry["details"] == {"accounts_min": K, "sha256": sha256(stored.encode()).hexdigest()}


async def test_what_was_given_back_before_is_no_demand(kit: Kit) -> None:
    """By line, in quantity and money."""
    monday = await _sell(kit)
    ledger = await kit.ledger()
    async with kit.connect() as connection:
        purchase_id = await connection.fetchval("SELECT id FROM purchase WHERE merchant_id = 2 LIMIT 1")
    command = Refund(new_request_id(), origin(21), ByPurchaseId(purchase_id), (RefundLine(2, 1000),))
    assert must(await ledger.submit(command)).is_approved
    week = await _publish(kit, monday)
    rest = {row.name: row.figure for row in week.groups}[REST_OF_GROUPS]
    assert rest.amount_kopecks == 10 * 30_00 + 2 * TEA_KOPECKS - 15_00
    assert rest.quantity_milli == 10 * 2000 + 2 * 1000 - 1000


async def test_an_open_week_is_refused(kit: Kit) -> None:
    """Late captures are not in yet."""
    monday = await _sell(kit)
    async with kit.connect() as connection:
        with pytest.raises(SettlementError) as refused:
            await publish_week(connection, monday, by=FIRST, accounts_min=K, wait_days=5)
        assert refused.value.code is ReportCode.WEEK_OPEN
        assert await stored_week(connection, monday) is None


@pytest.mark.parametrize("week", ["2026-47", "2026-W54", "2026-W00", "W47", "2026-W4٧"])
def test_what_is_no_week_is_refused(week: str) -> None:
    """By name."""
    with pytest.raises(SettlementError) as refused:
        monday_of(week)
    assert refused.value.code is ReportCode.WEEK_UNKNOWN


async def test_the_workbook_sums_to_what_is_published(kit: Kit) -> None:
    """Read by another library than it was written with."""
    monday = await _sell(kit)
    week = await _publish(kit, monday)
    data = demand_files(week, None, name_of(monday))[f"demand-{name_of(monday)}.xlsx"]
    rows = list(load_workbook(io.BytesIO(data), read_only=True)["Группы"].iter_rows(values_only=True))
    sums = {row[0]: row[2] for row in rows[3:] if not row[1]}
    assert week.total is not None
    assert sums.pop("Всего") == week.total.amount_kopecks / 100
    assert sums == {row.name: row.figure.amount_kopecks / 100 for row in week.groups}


def test_the_command_writes_the_same_files_again(tillgate: CommandLine, tmp_path: Path) -> None:
    """A week in which nobody bought has its files too."""
    for folder in ("one", "two"):
        result = tillgate("demand", "--week", "2026-W10", "--to", tmp_path / folder)
        assert result.exit_code == 0, result.output
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / f).iterdir()} for f in ("one", "two"))
    assert one == two
    assert one.keys() == {f"demand-2026-W10.{kind}" for kind in ("html", "xlsx", "csv")}
    refused = tillgate("demand", "--week", "2026-10", "--to", tmp_path)
    assert (refused.exit_code, "WEEK_UNKNOWN" in refused.output) == (1, True)
