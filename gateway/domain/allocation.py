"""Which certificate pays which part of which line: most covered, earliest expiry first.

Lines, programs and certificates form a flow network: points of a program may pay a line up to a cap,
whichever certificates of the program they come from; a line takes at most its largest cap; a certificate
gives at most what is available. Certificates are served in order (earliest expiry, then id); each takes
all it can without making an earlier one give less, if need be by moving an earlier one's payment to
another line (an augmenting path). The amounts that certificates can give together form a polymatroid, so
this greedy order yields the largest total and, among those, uses the earliest certificates most.
"""

from collections import deque
from collections.abc import Mapping, Sequence

Payments = list[dict[int, int]]
"""Per line: certificate index → kopecks."""


def allocate(
    caps: Sequence[Mapping[int, int]], available: Sequence[int], program_of: Sequence[int]
) -> Payments:
    """Allocate certificates to lines.

    `caps[line][program]` is the most that points of a program may pay on that line in kopecks
    (absent = nothing); `available[certificate]` a certificate's balance and `program_of[certificate]`
    its program; certificates stand in order of payment. Returns the payments per line, without
    zeros, in order of payment.
    """
    if len(available) == 1:
        return _greedy(caps, available[0], program_of[0])
    flow = _Flow(caps, available, program_of)
    for certificate in range(len(available)):
        while flow.augment(certificate):
            pass
    return [{c: paid[c] for c in sorted(paid) if paid[c]} for paid in flow.paid]


def trim(payments: Payments, limit_kopecks: int) -> Payments:
    """Lower payments to a total limit: the last certificate gives way first, on its last line first."""
    excess = sum([sum(paid.values()) for paid in payments]) - limit_kopecks
    if excess <= 0:
        return payments
    trimmed = [dict(paid) for paid in payments]
    for certificate in sorted({payer for paid in payments for payer in paid}, reverse=True):
        for paid in reversed(trimmed):
            cut = min(paid.get(certificate, 0), excess)
            excess -= cut
            if cut:
                paid[certificate] -= cut
    return [{payer: amount for payer, amount in paid.items() if amount} for paid in trimmed]


def _greedy(caps: Sequence[Mapping[int, int]], available_kopecks: int, program: int) -> Payments:
    """What the flow comes to with one certificate, as most cards have: line by line while it lasts."""
    payments: Payments = []
    for cap in caps:
        paid = min(cap.get(program, 0), available_kopecks)
        available_kopecks -= paid
        payments.append({0: paid} if paid else {})
    return payments


class _Flow:
    def __init__(
        self, caps: Sequence[Mapping[int, int]], available: Sequence[int], program_of: Sequence[int]
    ) -> None:
        self.program_of = program_of
        self.left = list(available)
        self.room = [max(cap.values(), default=0) for cap in caps]
        self.headroom = [dict(cap) for cap in caps]
        self.paid: Payments = [{} for _ in caps]
        self.lines_of = {
            program: [line for line, cap in enumerate(caps) if cap.get(program)]
            for program in set(program_of)
        }

    def augment(self, certificate: int) -> bool:
        """Push more from one certificate along a shortest path; False if nothing more can be pushed.

        A certificate reaches a line as far as its program has headroom there; where the line is full,
        it can take the place of any payer. Without headroom it can still take the place of a payer of
        its own program, since that changes nothing for the program.
        """
        if not self.left[certificate]:
            return False
        reached: dict[int, tuple[int, int]] = {}  # certificate → who takes its place, on which line
        seen_lines: set[int] = set()
        seen_programs: set[tuple[int, int]] = set()
        queue = deque([certificate])
        while queue:
            payer = queue.popleft()
            program = self.program_of[payer]
            for line in self.lines_of[program]:
                is_open = self.headroom[line][program] > 0 and line not in seen_lines
                if is_open and self.room[line]:
                    self._push(certificate, payer, line, reached)
                    return True
                if not is_open and (line, program) in seen_programs:
                    continue
                seen_programs.add((line, program))
                if is_open:
                    seen_lines.add(line)
                for other, amount in self.paid[line].items():
                    is_swap = is_open or self.program_of[other] == program
                    if is_swap and amount and other != certificate and other not in reached:
                        reached[other] = payer, line
                        queue.append(other)
        return False

    def _push(self, start: int, last: int, end: int, reached: Mapping[int, tuple[int, int]]) -> None:
        """Move as much as the path allows: `last` pays more on the line `end`, the others take places."""
        swaps = []  # (who pays less, who pays more instead, on which line)
        moved = last
        while moved != start:
            instead, line = reached[moved]
            swaps.append((moved, instead, line))
            moved = instead
        amount = min(self.left[start], self.room[end], self.headroom[end][self.program_of[last]])
        for moved, instead, line in swaps:
            amount = min(amount, self.paid[line][moved])
            if self.program_of[moved] != self.program_of[instead]:
                amount = min(amount, self.headroom[line][self.program_of[instead]])
        for moved, instead, line in swaps:
            self._pay(line, moved, -amount)
            self._pay(line, instead, amount)
        self._pay(end, last, amount)
        self.left[start] -= amount
        self.room[end] -= amount

    def _pay(self, line: int, certificate: int, amount: int) -> None:
        self.paid[line][certificate] = self.paid[line].get(certificate, 0) + amount
        self.headroom[line][self.program_of[certificate]] -= amount
