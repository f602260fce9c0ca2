"""`verify` judges what points paid once more, by the evidence that was stored and the list that it names."""

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.domain.category import PrefixRule
from gateway.domain.commands import ByPurchaseId, Capture
from gateway.ledger.verify import Report, verify
from tests.ledger_kit import LISTS, Kit, authorize, kit_on, line, new_request_id, origin

BREAD, CAKE, BEER = "10.71.11.110", "10.71.12.110", "11.05.10.120"
RULES = LISTS.prohibited[0]
GUESS = {"source": "name", "version": "names-1", "denied_ppm": 5}


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger of this test's own, with bread held on points and beer refused."""
    async with kit_on(database_url) as made:
        committer = await made.committer()
        token = await made.card(committer, 500_00)
        await committer.submit(authorize(token, line(1, 100_00, BREAD), line(2, 50_00, BEER)))
        yield made


async def stored(connection: asyncpg.Connection) -> list[dict[str, Any]]:
    """The lines of the purchase as they stand in the database."""
    lines: list[dict[str, Any]] = await connection.fetchval("SELECT lines FROM purchase")
    return lines


async def rewrite(connection: asyncpg.Connection, lines: list[dict[str, Any]]) -> None:
    """Other lines in their place."""
    await connection.execute("UPDATE purchase SET lines = $1", json.dumps(lines))


def problems(report: Report) -> list[tuple[str, str]]:
    """Check and detail of everything found."""
    return [(finding.check, finding.detail) for finding in report.findings]


async def test_lines_that_points_paid_are_judged_again_and_counted(kit: Kit) -> None:
    """The evidence is stored with each line, also with one that points don't pay."""
    async with kit.connect() as connection:
        evidence = [each["evidence"] for each in await stored(connection)]
        report = await verify(connection, lists=kit.lists)
    assert [[{"source": "declared", "okpd2": code}] for code in (BREAD, BEER)] == evidence
    assert ([], 1) == (problems(report), report.counted["paid line"])


@pytest.mark.parametrize(
    ("evidence", "detail"),
    [
        (
            [{"source": "declared", "okpd2": BEER}],
            f"declared {BEER} is PROHIBITED by beer; 1 such lines",
        ),
        (
            [{"source": "declared", "okpd2": BREAD}, {"source": "confirmed_name", "okpd2": BEER}],
            f"confirmed_name {BEER} is PROHIBITED by beer; 1 such lines",
        ),
        (
            [{"source": "catalogue", "okpd2": CAKE}, {"source": "declared", "okpd2": BREAD}],
            f"catalogue {CAKE} decides by not-listed, not declared {BREAD}; 1 such lines",
        ),
        ([], f"nothing that is stored with it allows declared {BREAD}; 1 such lines"),
        ([GUESS | {"okpd2": BREAD}], f"nothing that is stored with it allows declared {BREAD}; 1 such lines"),
    ],
)
async def test_a_paid_line_that_its_evidence_does_not_allow_is_found(
    kit: Kit, evidence: list[dict[str, Any]], detail: str
) -> None:
    """Whatever the stored verdict says: one that speaks against points, for other goods, or not at all."""
    async with kit.connect() as connection:
        first, second = await stored(connection)
        await rewrite(connection, [first | {"evidence": evidence}, second])
        report = await verify(connection, lists=kit.lists)
        assert (await verify(connection)).is_clean
    assert [("line.judged", detail)] == problems(report)


@pytest.mark.parametrize(("okpd2", "is_found"), [(BREAD, False), (BEER, True)])
async def test_a_line_that_a_name_alone_allowed_is_judged_by_the_code_it_guessed(
    kit: Kit, okpd2: str, is_found: bool
) -> None:
    """What the classifier said is kept; its word for beer would never have been enough."""
    async with kit.connect() as connection:
        first, second = await stored(connection)
        named = {"verdict": first["verdict"] | {"source": "name", "okpd2": okpd2}}
        await rewrite(connection, [first | named | {"evidence": [GUESS | {"okpd2": okpd2}]}, second])
        report = await verify(connection, lists=kit.lists)
    assert is_found == bool(problems(report))


async def test_a_list_that_says_otherwise_than_it_did_is_found(kit: Kit) -> None:
    """A published version never changes; one that did, or that is not at hand, can't confirm the past."""
    forged = dataclasses.replace(RULES, rules=(PrefixRule("bread", BREAD, True, "Хлеб"),))
    other = dataclasses.replace(RULES, version="another")
    async with kit.connect() as connection:
        told = await verify(connection, lists=replace(LISTS, prohibited=(forged,)))
        missing = await verify(connection, lists=replace(LISTS, prohibited=(other,)))
    assert ["line.judged"] == [check for check, _ in problems(told)]
    assert [("line.judged", f"no list of version {RULES.version} is given; 1 such lines")] == problems(
        missing
    )


async def test_lines_that_cannot_be_read_are_a_finding(kit: Kit) -> None:
    """Nothing in a row stops the check of the others."""
    async with kit.connect() as connection:
        first, second = await stored(connection)
        await rewrite(connection, [first | {"evidence": [{"source": "declared"}]}, second])
        (unread,) = problems(await verify(connection, lists=kit.lists))
        await rewrite(connection, [first | {"evidence": 17}, second])
        (broken,) = problems(await verify(connection, lists=kit.lists))
    assert ("line.judged", True) == (unread[0], unread[1].startswith("its evidence cannot be read"))
    assert "unreadable" == broken[0]


async def test_purchases_of_earlier_versions_are_read_captured_and_judged(kit: Kit) -> None:
    """They kept the evidence in the line of the till; it is found there, and the purchase goes on."""
    async with kit.connect() as connection:
        lines = await stored(connection)
        for each in lines:
            each["line"]["evidence"] = each.pop("evidence")
        await rewrite(connection, lines)
        purchase_id = await connection.fetchval("SELECT id FROM purchase")
    ledger = await kit.committer()
    answer = await ledger.submit(Capture(new_request_id(), origin(), ByPurchaseId(purchase_id)))
    assert 0 == kit.reason_in(answer)
    async with kit.connect() as connection:
        report = await verify(connection, lists=kit.lists)
    assert ([], 1) == (problems(report), report.counted["paid line"])
