"""The auditor's judgement of what follows a hold: capture, late capture, void, refund, receipts."""

from datetime import date, datetime
from fractions import Fraction
from math import floor

from tests.stateful.books import Book, Books, half_up, moscow_day
from tests.stateful.world import GOODS, LATE, PROGRAMS, TOLERANCE

Shares = list[tuple[str, int]]


def sum_of(shares: Shares) -> int:
    """Points of some shares."""
    return sum(amount for _, amount in shares)


def by_certificate(lines: dict[int, Shares]) -> dict[str, int]:
    """What each certificate pays of all lines."""
    sums: dict[str, int] = {}
    for shares in lines.values():
        for certificate_id, amount in shares:
            sums[certificate_id] = sums.get(certificate_id, 0) + amount
    return sums


class Finishing(Books):
    """Rules of purchases that were authorized."""

    def find(self, request: Book) -> Book | None:
        """The purchase of a request, if this merchant has it."""
        purchase = self.purchases.get(request["purchase"])
        return purchase if purchase and purchase["merchant"] == request["till"][0] else None

    def missing(self, request: Book) -> str:
        """Why there is no purchase: nobody knows it, or it was voided before it arrived."""
        return "ALREADY_VOIDED" if request.get("absent") in self.entombed else "PURCHASE_UNKNOWN"

    # Capture

    def judge_capture(self, request: Book, answer: Book) -> str | None:
        """One capture, whole or by line; after the hold's end only with the receipt of a sale within it."""
        refusal = self.standing(request)
        if refusal:
            return refusal
        purchase = self.find(request)
        if purchase is None:
            return self.missing(request)
        over = {"DECLINED": "PURCHASE_DECLINED", "VOIDED": "ALREADY_VOIDED", "CAPTURED": "ALREADY_CAPTURED"}
        if purchase["state"] in over:
            return over[purchase["state"]]
        if purchase["state"] == "EXPIRED":
            sold = [r["at"] for r in request["receipts"] if r["kind"] in ("SALE", "CORRECTION_SALE")]
            if not sold:
                return "HOLD_EXPIRED"
            first, last = purchase["since"] - TOLERANCE, purchase["until"] + TOLERANCE
            if self.now > purchase["until"] + LATE or not any(first <= at <= last for at in sold):
                return "LATE_CAPTURE_REFUSED"
        asked = {line["n"]: line for line in request["lines"]} or purchase["lines"]
        if any(n not in purchase["lines"] for n in asked):
            return "LINE_UNKNOWN"
        rounding = request["rounding"] if request["lines"] else purchase["rounding"]
        total = sum(line["amount"] for line in asked.values()) - rounding
        for n, line in asked.items():
            most = purchase["lines"][n]
            if line["quantity"] > most["quantity"] or line["amount"] > most["amount"] or total < 0:
                return "CAPTURE_ABOVE_AUTHORIZED"
        day = moscow_day(self.sold_at(purchase, request))
        if None in self.agreements(purchase, day).values():
            return "NO_AGREEMENT"
        wanted = self.wanted(purchase, asked, total)
        programs = [PROGRAMS[self.certificates[i]["program"]] for i in by_certificate(wanted)]
        if total > sum(map(sum_of, wanted.values())) and any(p.get("forbids_own_money") for p in programs):
            return "OWN_MONEY_NOT_ALLOWED"
        assert answer["reason"] is None, f"capture: {answer['reason']} for what the rules allow"
        self.book_capture(purchase, request, answer, wanted, total)
        return None

    def sold_at(self, purchase: Book, request: Book) -> datetime:
        """When the goods were sold, as far as a receipt can be believed."""
        for receipt in request["receipts"]:
            if receipt["kind"] in ("SALE", "CORRECTION_SALE"):
                at: datetime = receipt["at"]
                if purchase["since"] - TOLERANCE <= at <= self.now + TOLERANCE:
                    return at
        return self.now

    def agreements(self, purchase: Book, day: date) -> dict[str, int | None]:
        """Certificate → agreement: that of the day of sale, else that of the authorization."""
        programs = {i: self.certificates[i]["program"] for i in purchase["hold"]}
        merchant, began = purchase["merchant"], moscow_day(purchase["since"])
        return {
            i: self.agreement(merchant, program, day) or self.agreement(merchant, program, began)
            for i, program in programs.items()
        }

    def wanted(self, purchase: Book, asked: dict[int, Book], total: int) -> dict[int, Shares]:
        """What the captured lines ask of each certificate: points first, under ceilings, within the total."""
        wanted: dict[int, Shares] = {}
        for n, line in asked.items():
            shares = purchase["lines"][n]["shares"]
            left = {
                self.program(i): self.limit_of(purchase["lines"][n], self.program(i), line) for i, _ in shares
            }
            room = max(left.values(), default=0)
            wanted[n] = []
            for certificate_id, authorized in shares:
                amount = min(authorized, left[self.program(certificate_id)], room)
                left[self.program(certificate_id)] -= amount
                room -= amount
                if amount:
                    wanted[n].append((certificate_id, amount))
        excess = sum(map(sum_of, wanted.values())) - total
        for n in reversed(wanted):
            kept: Shares = []
            for certificate_id, amount in reversed(wanted[n]):
                cut = max(min(excess, amount), 0)
                excess -= cut
                if amount > cut:
                    kept.append((certificate_id, amount - cut))
            wanted[n] = kept[::-1]
        return wanted

    def program(self, certificate_id: str) -> str:
        """The program of a certificate."""
        return str(self.certificates[certificate_id]["program"])

    @staticmethod
    def limit_of(authorized: Book, program: str, asked: Book) -> int:
        """The most a program pays of a captured line: the amount, or its ceiling for the quantity."""
        unit, limit = GOODS[authorized["good"]]["paid_by"][program]
        if unit == "unit":
            return min(int(asked["amount"]), floor(Fraction(limit * asked["quantity"], 1000)))
        return int(asked["amount"])

    def book_capture(
        self, purchase: Book, request: Book, answer: Book, wanted: dict[int, Shares], total: int
    ) -> None:
        """Check the amounts of a capture and spend the points."""
        purchase["captured_at_till"] = request["till"][2]
        told = answer["purchase"]["capture"]
        is_late = purchase["state"] == "EXPIRED"
        day = moscow_day(self.sold_at(purchase, request))
        assert (told["late"], told["day"], told["total"]) == (is_late, day, total)
        assert told["agreements"] == self.agreements(purchase, day)
        got = self.take(purchase, by_certificate(wanted), is_late)
        lines: dict[int, Shares] = {line["n"]: line["shares"] for line in told["lines"]}
        assert {i: amount for i, amount in got.items() if amount} == by_certificate(lines)
        for line in told["lines"]:
            for certificate_id, amount in line["shares"]:
                assert amount <= dict(wanted[line["n"]])[certificate_id]
            assert sum_of(line["shares"]) + line["shortfall"] == sum_of(wanted[line["n"]])
            assert is_late or line["shortfall"] == 0
            purchase["captured"][line["n"]] = {**line, "back_quantity": 0, "back_amount": 0, "back": {}}
        shortfall = sum(line["shortfall"] for line in told["lines"])
        assert told["shortfall"] == shortfall
        for certificate_id in (i for i, amount in got.items() if amount and self.rest_lapses(i)):
            certificate = self.certificates[certificate_id]
            if certificate["available"]:
                purchase["rest"][certificate_id] = certificate["available"]
                certificate["gone"] += certificate["available"]
                certificate["available"] = 0
        assert told["rest"] == purchase["rest"]
        purchase["own_paid"] = total - sum(map(sum_of, lines.values())) - shortfall
        assert purchase["own_paid"] >= 0
        purchase["state"] = "CAPTURED"
        purchase["receipts"] |= {receipt["key"] for receipt in request["receipts"]}

    def take(self, purchase: Book, wanted: dict[str, int], is_late: bool) -> dict[str, int]:
        """Spend points: those held, or, late, what lapsed from this very hold and what is there (truth 7).

        Points are alike: of what lapsed with time, as much as this hold lost is its own.
        """
        got: dict[str, int] = {}
        for certificate_id in wanted if is_late else purchase["hold"]:
            certificate, amount = self.certificates[certificate_id], wanted.get(certificate_id, 0)
            if not is_late:
                certificate["held"] -= purchase["hold"][certificate_id]
                self.come_back(certificate, purchase["hold"][certificate_id] - amount, self.now)
                got[certificate_id] = amount
            else:
                is_withdrawn = certificate["state"] == "WITHDRAWN"
                lapsed = certificate["timed"] + (certificate["gone"] if is_withdrawn else 0)
                own = min(amount, purchase["lost"].get(certificate_id, 0), lapsed)
                of_time = min(own, certificate["timed"])
                certificate["timed"] -= of_time
                certificate["gone"] -= own - of_time
                there = min(amount - own, certificate["available"])
                certificate["available"] -= there
                got[certificate_id] = own + there
            certificate["spent"] += got[certificate_id]
        return got

    # Void

    def judge_void(self, request: Book, answer: Book) -> str | None:
        """A hold from any till of the merchant; a capture from its own till while nothing stands on it."""
        refusal = self.standing(request)
        if refusal:
            return refusal
        purchase = self.find(request)
        if purchase is None and "absent" in request and request["absent"] not in self.entombed:
            self.entombed.add(request["absent"])  # truth 6: a void is final, whenever the purchase arrives
            return None
        if purchase is None:
            return self.missing(request)
        if purchase["state"] in ("DECLINED", "VOIDED"):
            return {"DECLINED": "PURCHASE_DECLINED", "VOIDED": "ALREADY_VOIDED"}[purchase["state"]]
        if purchase["state"] == "CAPTURED":
            if request["till"][2] != purchase["terminal"]:
                return "OTHER_TERMINAL"
            if purchase["receipts"] or purchase["refunds"] or purchase["is_closed"]:
                return "ALREADY_CAPTURED"
            self.reopen(purchase)
            captured = {n: line["shares"] for n, line in purchase["captured"].items()}
            for certificate_id, amount in by_certificate(captured).items():
                self.certificates[certificate_id]["spent"] -= amount
                self.come_back(self.certificates[certificate_id], amount, self.now)
        self.release(purchase)
        return None

    def reopen(self, purchase: Book) -> None:
        """The rest of a one-shot certificate comes back; past its last day it has lapsed with time."""
        for certificate_id, amount in purchase["rest"].items():
            certificate = self.certificates[certificate_id]
            rest = min(amount, certificate["gone"])
            if certificate["state"] != "WITHDRAWN":
                certificate["gone"] -= rest
                self.come_back(certificate, rest, self.now)

    # Refund

    def judge_refund(self, request: Book, answer: Book) -> str | None:
        """Never more than was captured on a line, to the certificates that paid, the last one first."""
        refusal = self.standing(request)
        if refusal:
            return refusal
        purchase = self.find(request)
        if purchase is None:
            return self.missing(request)
        over = {"DECLINED": "PURCHASE_DECLINED", "VOIDED": "ALREADY_VOIDED"}
        if purchase["state"] != "CAPTURED":
            return over.get(purchase["state"], "NOT_CAPTURED")
        captured = purchase["captured"]
        left = {n: line["quantity"] - line["back_quantity"] for n, line in captured.items()}
        asked = {line["n"]: line["quantity"] for line in request["lines"]} or {
            n: q for n, q in left.items() if q
        }
        if any(n not in captured for n in asked):
            return "LINE_UNKNOWN"
        if not asked or any(quantity > left[n] for n, quantity in asked.items()):
            return "REFUND_ABOVE_CAPTURED"
        told = answer["refund"]
        assert told is not None, f"refund: {answer['reason']} for what the rules allow"
        assert list(asked) == [line["n"] for line in told["lines"]]
        back = {
            line["n"]: self.give_back_line(captured[line["n"]], line, asked[line["n"]])
            for line in told["lines"]
        }
        lapsed = 0
        for certificate_id, amount in by_certificate(back).items():
            self.certificates[certificate_id]["spent"] -= amount
            if self.come_back(self.certificates[certificate_id], amount, self.now):
                lapsed += amount
        assert told["lapsed"] == lapsed
        self.check_own_money(purchase, told)
        purchase["refunds"] += 1
        purchase["receipts"] |= {receipt["key"] for receipt in request["receipts"]}
        points = sum(map(sum_of, back.values()))
        self.refunded.setdefault(request["till"][2], []).append(points)
        is_whole = all(sum(line["back"].values()) == sum_of(line["shares"]) for line in captured.values())
        if points and is_whole:
            self.reopen(purchase)
        return None

    def give_back_line(self, line: Book, told: Book, quantity: int) -> Shares:
        """Book one refunded line; returns what goes back to each certificate. Points first (the default)."""
        line["back_quantity"] += quantity
        so_far = half_up(Fraction(line["amount"] * line["back_quantity"], line["quantity"]))
        amount = so_far - line["back_amount"]
        line["back_amount"] = so_far
        points = min(sum_of(line["shares"]), so_far) - sum(line["back"].values())
        back: Shares = []
        for certificate_id, paid in reversed(line["shares"]):
            part = min(points, paid - line["back"].get(certificate_id, 0))
            if part:
                line["back"][certificate_id] = line["back"].get(certificate_id, 0) + part
                back.append((certificate_id, part))
            points -= part
        assert points == 0
        assert (told["quantity"], told["amount"], told["shares"]) == (quantity, amount, back)
        return back

    def check_own_money(self, purchase: Book, told: Book) -> None:
        """The shop gives back no more own money than was paid, and all of it with the last part."""
        owed = sum(line["amount"] - sum_of(line["shares"]) for line in told["lines"])
        assert 0 <= told["own_money"] <= owed
        purchase["own_back"] += told["own_money"]
        assert purchase["own_back"] <= purchase["own_paid"]
        if all(line["back_quantity"] == line["quantity"] for line in purchase["captured"].values()):
            assert purchase["own_back"] == purchase["own_paid"]

    # Shifts

    def judge_close(self, request: Book, answer: Book) -> str | None:
        """Totals of a till's only shift; closed again only for what was captured since."""
        terminal = request["till"][2]
        # A capture counts where it was made, which may be another till of the merchant.
        mine = [p for p in self.purchases.values() if p.get("captured_at_till", p["terminal"]) == terminal]
        captured = [p for p in mine if p["state"] == "CAPTURED"]
        held = [p for p in mine if p["state"] == "AUTHORIZED"]
        if terminal in self.closed and all(p["is_closed"] for p in captured):
            return "SHIFT_ALREADY_CLOSED"
        self.closed.add(terminal)
        told, refunds = answer["shift"], self.refunded.get(terminal, [])
        spent = sum(sum_of(line["shares"]) for p in captured for line in p["captured"].values())
        assert (told.captured_count, told.captured_kopecks) == (len(captured), spent)
        assert (told.refund_count, told.refunded_kopecks) == (len(refunds), sum(refunds))
        assert told.voided_count == sum(p["state"] == "VOIDED" for p in mine)
        assert (told.open_count, told.open_kopecks) == (len(held), sum(sum(p["hold"].values()) for p in held))
        for purchase in captured:
            purchase["is_closed"] = True
        return None

    # Receipts

    def judge_attach(self, request: Book, answer: Book) -> str | None:
        """Only a captured purchase takes receipts; what was captured does not change."""
        refusal = self.standing(request)
        if refusal:
            return refusal
        purchase = self.find(request)
        if purchase is None:
            return self.missing(request)
        over = {"DECLINED": "PURCHASE_DECLINED", "VOIDED": "ALREADY_VOIDED"}
        if purchase["state"] != "CAPTURED":
            return over.get(purchase["state"], "NOT_CAPTURED")
        purchase["receipts"] |= {receipt["key"] for receipt in request["receipts"]}
        assert set(answer["purchase"]["receipts"]) == purchase["receipts"]
        return None
