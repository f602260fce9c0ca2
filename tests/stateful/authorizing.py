"""The auditor's judgement of Authorize and Sale: who may, which lines, which certificates, how much."""

from collections.abc import Iterable
from fractions import Fraction
from math import floor

from tests.stateful.books import Book, Books, moscow_day
from tests.stateful.fair_share import fair_shares
from tests.stateful.world import GOODS, HOLD, HOLDERS, PROGRAMS


class Authorizing(Books):
    """Rules of new purchases."""

    def judge_authorize(self, request: Book, answer: Book) -> str | None:
        merchant = request["till"][0]
        refusal = self.standing(request)
        if refusal:
            return refusal
        if request["holder"] not in HOLDERS:
            return "CARD_UNKNOWN"
        if request["card"] in self.stopped_cards:
            return "CARD_STOPPED"
        if request["holder"] in self.blocked_holders:
            return "ACCOUNT_BLOCKED"
        replaced = self.purchases.get(request["replaces"]) if request["replaces"] else None
        if replaced and replaced["holder"] != request["holder"]:
            return "REPLACES_OTHER_ACCOUNT"
        if replaced and replaced["state"] == "CAPTURED":
            return "ALREADY_CAPTURED"
        mine = {i: c for i, c in self.certificates.items() if c["holder"] == request["holder"]}
        if any(certificate_id not in mine for certificate_id in request["certificates"]):
            return "CERTIFICATE_UNKNOWN"
        if request["certificates"]:
            mine = {i: mine[i] for i in request["certificates"]}
        if request["program"]:
            mine = {i: c for i, c in mine.items() if c["program"] == request["program"]}
            if not mine:
                return "PROGRAM_NOT_HELD"
        else:
            mine = {i: c for i, c in mine.items() if not PROGRAMS[c["program"]].get("is_one_shot")}
        mine = {
            i: c for i, c in mine.items() if c["state"] == "ACTIVE" and c["from"] <= self.now < c["until"]
        }
        if not mine:
            return "NO_USABLE_CERTIFICATE"
        today = moscow_day(self.now)
        mine = {i: c for i, c in mine.items() if self.agreement(merchant, c["program"], today) is not None}
        if not mine:
            return "NO_AGREEMENT"
        return self._pay(request, answer, mine, replaced)

    def _pay(self, request: Book, answer: Book, mine: dict[str, Book], replaced: Book | None) -> str | None:
        total = sum(line["amount"] for line in request["lines"]) - request["rounding"]
        come_back = dict(replaced["hold"]) if replaced and replaced["state"] == "AUTHORIZED" else {}
        plan = self._plan(request, mine, come_back, total)
        if plan["eligible"] == 0:
            return "NOTHING_ELIGIBLE"
        may_mix = {i: c for i, c in mine.items() if not PROGRAMS[c["program"]].get("forbids_own_money")}
        is_strict_in_vain = False
        if plan["paid"] < total and len(may_mix) < len(mine):
            mixed = self._plan(request, may_mix, come_back, total)
            is_strict_in_vain = mixed["paid"] == 0 < plan["paid"]
            plan = mixed if mixed["paid"] else plan
        if plan["paid"] < min(plan["eligible"], total) and not request["partial"]:
            assert answer["available"] == plan["paid"]
            return "INSUFFICIENT_POINTS"
        if is_strict_in_vain:
            return "OWN_MONEY_NOT_ALLOWED"
        if plan["paid"] == 0:
            return "INSUFFICIENT_POINTS"
        assert answer["reason"] is None, f"{answer['reason']} for what the rules allow"
        self._book_hold(request, answer, plan, total, replaced)
        return None

    def _limit(self, line: Book, program: str) -> int:
        """The most that points of a program may pay of a line (truth 3, price ceilings)."""
        good = GOODS[line["good"]]
        if "prohibited_from" in good and self.now >= good["prohibited_from"]:
            return 0
        if program not in good["paid_by"]:
            return 0
        unit, limit = good["paid_by"][program]
        if limit is None:
            return int(line["amount"])
        if unit == "unit":
            limit = floor(Fraction(limit * line["quantity"], 1000))
        return int(min(line["amount"], limit))

    def _plan(self, request: Book, mine: dict[str, Book], come_back: dict[str, int], total: int) -> Book:
        """What certificates must pay: the largest sum, the earliest expiry most, at most eight."""
        programs = {c["program"] for c in mine.values()}
        limits = [
            {p: limit for p in programs if (limit := self._limit(line, p))} for line in request["lines"]
        ]
        points = {i: c["available"] + come_back.get(i, 0) for i, c in mine.items()}
        order = sorted(mine, key=lambda i: (mine[i]["until"], i))
        payers = [i for i in order if points[i] and any(mine[i]["program"] in of for of in limits)][:8]
        joined = [mine[i]["program"] for i in payers]
        caps = [{p: limit for p, limit in of.items() if p in joined} for of in limits]
        shares = fair_shares(caps, [points[i] for i in payers], joined, total)
        return {
            "limits": limits,
            "shares": {i: share for i, share in zip(payers, shares, strict=True) if share},
            "paid": sum(shares),
            "eligible": sum(max(of.values(), default=0) for of in limits),
        }

    def _book_hold(self, request: Book, answer: Book, plan: Book, total: int, replaced: Book | None) -> None:
        told = answer["purchase"]
        assert told["total"] == total
        assert told["eligible"] == plan["eligible"]
        assert told["until"] == self.now + HOLD
        hold: dict[str, int] = {}
        lines: dict[int, Book] = {}
        for line, decided, limits in zip(request["lines"], told["lines"], plan["limits"], strict=True):
            self._check_line(line, decided, limits.values())
            left = dict(limits)
            for certificate_id, amount in decided["shares"]:
                program = self.certificates[certificate_id]["program"]
                assert 0 < amount <= left[program], "above what the program may pay of the line"
                left[program] -= amount
                hold[certificate_id] = hold.get(certificate_id, 0) + amount
            lines[line["n"]] = {**line, "shares": decided["shares"]}
        assert hold == plan["shares"], f"certificates pay {hold}, and should {plan['shares']}"
        assert 0 < sum(hold.values()) <= total
        if replaced and replaced["state"] in ("AUTHORIZED", "EXPIRED"):
            self.release(replaced)
        for certificate_id, amount in hold.items():
            self.certificates[certificate_id]["available"] -= amount
            self.certificates[certificate_id]["held"] += amount
        rest = {i: self.certificates[i]["available"] for i in hold if self.rest_lapses(i)}
        assert answer["rest_lapses"] == sum(rest.values())
        assert told["id"] not in self.purchases
        merchant, outlet, terminal = request["till"]
        self.purchases[told["id"]] = {
            "id": told["id"], "request": request["id"], "holder": request["holder"], "merchant": merchant,
            "outlet": outlet, "terminal": terminal, "state": "AUTHORIZED", "since": self.now,
            "until": self.now + HOLD, "hold": hold, "lines": lines, "rounding": request["rounding"],
            "lost": {}, "captured": {}, "rest": {}, "receipts": set(), "refunds": 0,
            "own_paid": 0, "own_back": 0, "is_closed": False,
        }  # fmt: skip

    def _check_line(self, line: Book, decided: Book, limits: Iterable[int]) -> None:
        """Truths 3 and 4 of one line: never prohibited goods, never above what a program allows."""
        good = GOODS[line["good"]]
        approved = sum(amount for _, amount in decided["shares"])
        assert decided["approved"] == approved <= max(limits, default=0) <= line["amount"]
        refused = good.get("refused")
        if "prohibited_from" in good and self.now >= good["prohibited_from"]:
            refused = "PROHIBITED"
        if refused:
            assert decided["reason"] == refused
            assert approved == 0
        elif max(limits, default=0):
            assert decided["reason"] == "ALLOWED"
        else:
            assert decided["reason"] == good.get("otherwise", "PROGRAM_DOES_NOT_ALLOW")
