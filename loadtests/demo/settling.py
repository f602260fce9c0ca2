"""How the demo's month is settled: claims, a refund after filing, a cut, payouts, a return, and reports.

A claim is made when its month is over, so the demo's database is told that it is a day of the next one.
"""

import asyncio
import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from rich.console import RenderableType

from gateway.cli import tillgate
from gateway.domain.policy import MOSCOW, moscow_date
from gateway.rpc.notices import rubles
from gateway.runtime.database import driver_connection, make_engine
from loadtests.demo.applicants import BANK, account
from loadtests.demo.bank import statement
from loadtests.demo.money import count, money
from loadtests.demo.place import drive_number, kkt_number
from loadtests.demo.register import APPROVER, CLERK
from loadtests.demo.tables import table
from loadtests.demo.world import DemoError, World
from loadtests.serving import urls_of
from merchant_sdk import ByPurchaseId, FiscalReceipt, ReceiptKind, TillClient, TillCredentials

_CLAIMS: Final = "claims"
_REPORTS: Final = "reports"

_DAY_AFTER: Final = 5
"""The day of the next month on which it is settled."""
_SCAN: Final = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_CUT: Final = "в ходе проверки чек не представлен"
_OTHER_ACCOUNT: Final = 500


@dataclass(slots=True)
class Settled:
    """What came of it: a row for each claim, the classes of mismatches, and what was given or sent back."""

    claims: list[dict[str, Any]] = field(default_factory=list)
    mismatches: Counter[str] = field(default_factory=Counter)
    refunded_kopecks: int = 0
    returned_by_bank: int = 0

    def table(self) -> RenderableType:
        """The claims as people read them."""
        rows = [
            (
                f"{claim['id']}, {claim['participant']['name']}",
                claim["state"],
                rubles(claim["sale_kopecks"] - claim["returned_kopecks"]),
                rubles(claim["unmatched_kopecks"]),
                rubles(claim["approved_kopecks"] or 0),
                rubles(claim["paid_kopecks"]),
            )
            for claim in self.claims
        ]
        return table("Claims", ("claim", "state", "claimed", "unmatched", "approved", "paid"), rows, texts=1)

    def told(self, folder: Path) -> str:
        """What happened besides, and where the documents lie."""
        classes = ", ".join(f"{name} {count(number)}" for name, number in self.mismatches.most_common())
        return (
            f"Settlement: {count(sum(self.mismatches.values()))} mismatches found ({classes}),"
            f" a refund of {money(self.refunded_kopecks)} after filing,"
            f" {count(self.returned_by_bank)} transfer returned by the bank and sent again; every captured"
            f" kopeck is told; the documents are in {folder / _CLAIMS}, the reports in {folder / _REPORTS}"
        )


class Settlement:
    """The department at work on the claims of a month, by the commands that it has."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._folder = world.settings.data_dir / _CLAIMS
        self._folder.mkdir(exist_ok=True)
        self._environment = {**world.environment, **urls_of(world.settings)}
        self.settled = Settled()

    def run(self) -> Settled:
        """Settle the month; raises DemoError with what a command said that failed."""
        first_day = moscow_date(datetime.now(UTC)).replace(day=1)
        today = (first_day + timedelta(days=32)).replace(day=_DAY_AFTER)
        asyncio.run(self._tell_date(today))
        self._world.say(f"the month is over: the demo's database is told that it is {today:%d.%m.%Y}")
        self._run("seals", "make")
        self._show("claims", "build", "--period", f"{first_day:%Y-%m}", "--by", CLERK)
        drafts = [claim["id"] for claim in self._json("claims", "list", "--state", "draft", "--json")]
        for claim_id in sorted(drafts):
            self._find_mismatches(claim_id)
            self._show("claims", "file", str(claim_id), "--by", CLERK)
        asyncio.run(self._refund_after_filing(min(drafts), self._lines(min(drafts))))
        for claim_id in sorted(drafts):
            self._review(claim_id, cuts=claim_id == min(drafts))
        self._pay(today)
        for claim_id in sorted(drafts):
            self._run("claims", "documents", str(claim_id), "--to", str(self._folder))
        self._bundle(min(drafts))
        self.settled.claims = [self._json("claims", "show", str(one), "--json") for one in sorted(drafts)]
        self._show("claims", "verify")
        self._report(today)
        return self.settled

    async def _tell_date(self, today: date) -> None:
        engine = make_engine(self._world.settings.database_migrator_url, pool_size=1)
        ahead = datetime(today.year, today.month, today.day, 12, tzinfo=MOSCOW) - datetime.now(UTC)
        async with driver_connection(engine) as connection:
            await connection.execute(
                "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
                f" 'SELECT clock_timestamp() + interval ''{int(ahead.total_seconds())} s'''"
            )
        await engine.dispose()

    def _find_mismatches(self, claim_id: int) -> None:
        for line in self._lines(claim_id):
            self.settled.mismatches.update(line["mismatches"])

    async def _refund_after_filing(self, claim_id: int, lines: Sequence[dict[str, Any]]) -> None:
        """A buyer brings back what a filed claim holds; the next claim will be lower by it."""
        touched = {one["purchase_id"] for one in lines if one["kind"] != "SALE"}
        line = next(
            one
            for one in lines
            if (one["kind"], one["treatment"]) == ("SALE", "INCLUDED") and one["purchase_id"] not in touched
        )
        place = next(one for one in self._world.places if one.terminal_id == line["terminal_id"])
        credentials = TillCredentials.from_folder(place.folder, endpoint=self._world.endpoint)
        ref = ByPurchaseId(line["purchase_id"])
        async with TillClient(credentials) as till:
            bought = (await till.get_purchase(ref)).purchase
            receipt = FiscalReceipt(
                kind=ReceiptKind.RETURN,
                fiscal_drive_number=drive_number(place.terminal_id),
                fiscal_document_number=10**6,
                fiscal_sign=1,
                kkt_registration_number=kkt_number(place.terminal_id),
                seller_inn=place.merchant_inn,
                shift_number=99,
                issued_at=datetime.now(UTC),
                total_kopecks=bought.total_kopecks,
            )
            result = await till.send(till.prepare_refund(ref, receipts=[receipt]))
        if not result.is_approved:
            raise DemoError(f"no refund of a purchase whose claim is filed: {result.reason.name}")
        self.settled.refunded_kopecks = line["amount_kopecks"]
        self._world.say(
            f"a refund of {rubles(line['amount_kopecks'])} after claim {claim_id} was filed: the next nets it"
        )

    def _review(self, claim_id: int, *, cuts: bool) -> None:
        scan = self._folder / f"scan-{claim_id}.pdf"
        scan.write_bytes(_SCAN)
        number = str(claim_id)
        said = self._run("claims", "sign", "add", number, str(scan), "--paper", "--by", CLERK)
        signature = said.split()[1].rstrip(":")
        judged = ("--valid", "--detail", "сверено с бумажным экземпляром", "--by", CLERK)
        self._run("claims", "sign", "judge", signature, *judged)
        self._run("claims", "review", "take-up", number, "--by", CLERK)
        if cuts:
            line = next(
                one["n"]
                for one in self._lines(claim_id)
                if (one["kind"], one["treatment"]) == ("SALE", "INCLUDED")
            )
            because = ("--reason", _CUT, "--by", CLERK)
            self._show("claims", "review", "verdicts", number, "--line", str(line), *because)
        self._run("claims", "review", "verdicts", number, "--rest", "--by", CLERK)
        people = ("--by", CLERK, "--approved-by", APPROVER, "--reason", "акт проверки")
        self._show("claims", "review", "approve", number, *people)
        self._run("claims", "review", "payable", number, "--by", CLERK)

    def _pay(self, today: date) -> None:
        """Two registers: of the first the bank returns one transfer, which the second sends elsewhere."""
        transfers = self._register(today)
        returned = transfers[-1:]
        self._import(transfers, returned, today)
        self.settled.returned_by_bank = len(returned)
        merchant_id = self._json("claims", "show", str(returned[0]["claim_id"]), "--json")["participant"][
            "merchant_id"
        ]
        is_entity = len(returned[0]["payee"]["inn"]) == 10
        other = account(_OTHER_ACCOUNT + merchant_id, prefix="40702810" if is_entity else "40802810")
        requisites = ("--bic", BANK, "--account", other, "--by", CLERK, "--reason", "счёт закрыт")
        self._run("merchants", "account", "propose", str(merchant_id), *requisites)
        [proposed] = [
            one
            for one in self._json("merchants", "account", "show", str(merchant_id), "--json")
            if one["state"] == "PROPOSED"
        ]
        self._run("merchants", "account", "confirm", str(proposed["id"]), "--by", APPROVER)
        again = str(returned[0]["claim_id"])
        self._import(self._register(today, again), [], today)

    def _register(self, today: date, *claims: str) -> list[dict[str, Any]]:
        self._show("claims", "payout", "make", *claims, "--dated", today.isoformat(), "--by", CLERK)
        number = str(max(one["id"] for one in self._json("claims", "payout", "show", "--json")))
        shown = self._json("claims", "payout", "show", number, "--json")
        self._show("claims", "payout", "approve", number, "--sha256", shown["sha256"], "--by", APPROVER)
        for form, suffix in (("1c", "txt"), ("pain", "xml"), ("xlsx", "xlsx")):
            out = str(self._folder / f"payout-{number}.{suffix}")
            self._run("claims", "payout", "export", number, "--format", form, "--out", out, "--by", CLERK)
        transfers: list[dict[str, Any]] = shown["transfers"]
        return transfers

    def _import(self, out: Sequence[dict[str, Any]], back: Sequence[dict[str, Any]], day: date) -> None:
        file = self._folder / f"statement-{out[0]['payout_id']}.txt"
        file.write_bytes(statement(out, back, day))
        self._show("claims", "import", str(file), "--by", CLERK)

    def _bundle(self, claim_id: int) -> None:
        bundle = self._folder / f"claim-{claim_id}-bundle.zip"
        bundle.unlink(missing_ok=True)
        self._run("audit", "bundle", str(claim_id), "--to", str(bundle))
        self._show("audit", "bundle", "--verify", str(bundle), "--keys", str(self._world.outcome_keys))

    def _report(self, today: date) -> None:
        """What the department sees of the year, and what the city may know of the week that was sold in."""
        folder = self._world.settings.data_dir / _REPORTS
        sold = moscow_date(datetime.now(UTC))
        for kind in ("html", "xlsx"):
            out = str(folder / f"department-{sold.year}.{kind}")
            self._run("report", "department", "--year", str(sold.year), "--format", kind, "--out", out)
        year, week, weekday = sold.isocalendar()
        ready = sold + timedelta(days=8 - weekday + self._world.settings.demand_wait_days)
        asyncio.run(self._tell_date(max(today, ready)))
        self._show("demand", "--week", f"{year}-W{week:02}", "--to", str(folder), "--by", CLERK)

    def _lines(self, claim_id: int) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self._json("claims", "show", str(claim_id), "--lines", "--json")[
            "lines"
        ]
        return lines

    def _show(self, *arguments: str) -> None:
        self._world.say(f"$ tillgate {shlex.join(arguments)}")
        print(self._run(*arguments), end="")

    def _json(self, *arguments: str) -> Any:
        return json.loads(self._run(*arguments))

    def _run(self, *arguments: str) -> str:
        """What a command says. In this process: some sixty of their own would take a minute to start."""
        done = CliRunner().invoke(tillgate, arguments, env=self._environment)
        if done.exit_code:
            raise DemoError(f"tillgate {' '.join(arguments[:4])} failed:\n{done.output or done.exception}")
        return done.stdout
