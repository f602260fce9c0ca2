"""Which certificate pays which part of which line: most covered, earliest expiry first.

Lines and certificates form a flow network: a certificate may pay a line up to a cap, a line
takes at most its largest cap, a certificate gives at most what is available. Certificates are
served in order (earliest expiry, then id); each takes all it can without making an earlier one
give less, if need be by moving an earlier one's payment to another line (an augmenting path).
The amounts that certificates can give together form a polymatroid, so this greedy order yields
the largest total and, among those, uses the earliest certificates most.
"""

from collections import deque
from collections.abc import Mapping, Sequence

Payments = list[dict[int, int]]
"""Per line: certificate index → kopecks."""


def allocate(caps: Sequence[Mapping[int, int]], available: Sequence[int]) -> Payments:
    """Allocate certificates to lines.

    `caps[line][certificate]` is the most that certificate may pay on that line in kopecks
    (absent = nothing); `available[certificate]` its balance; certificates stand in order of
    payment. Returns the payments per line, without zeros, in order of payment.
    """
    flow = _Flow(caps, available)
    for certificate in range(len(available)):
        while flow.augment(certificate):
            pass
    return [{c: paid[c] for c in sorted(paid) if paid[c]} for paid in flow.paid]


def trim(payments: Payments, limit_kopecks: int) -> Payments:
    """Lower payments to a total limit: the last certificate gives way first, on its last line first."""
    excess = sum(sum(paid.values()) for paid in payments) - limit_kopecks
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


class _Flow:
    def __init__(self, caps: Sequence[Mapping[int, int]], available: Sequence[int]) -> None:
        self.caps = caps
        self.left = list(available)
        self.room = [max(cap.values(), default=0) for cap in caps]
        self.paid: Payments = [{} for _ in caps]
        self.lines_of: list[list[int]] = [
            [line for line, cap in enumerate(caps) if cap.get(certificate)]
            for certificate in range(len(available))
        ]

    def augment(self, certificate: int) -> bool:
        """Push more from one certificate along the shortest path; False if none is left."""
        if not self.left[certificate]:
            return False
        came_by: dict[int, int] = {}  # line → the certificate that reaches it
        moved_off: dict[int, int] = {}  # certificate → the line that it is moved off
        queue = deque([certificate])
        while queue:
            payer = queue.popleft()
            for line in self.lines_of[payer]:
                if line in came_by or self._headroom(payer, line) == 0:
                    continue
                came_by[line] = payer
                if self.room[line]:
                    self._push(certificate, line, came_by, moved_off)
                    return True
                for other, amount in self.paid[line].items():
                    if amount and other != certificate and other not in moved_off:
                        moved_off[other] = line
                        queue.append(other)
        return False

    def _headroom(self, certificate: int, line: int) -> int:
        return self.caps[line][certificate] - self.paid[line].get(certificate, 0)

    def _push(self, start: int, end: int, came_by: Mapping[int, int], moved_off: Mapping[int, int]) -> None:
        path: list[tuple[int, int]] = []  # (payer, line that it pays more of), last first
        line = end
        while True:
            payer = came_by[line]
            path.append((payer, line))
            if payer == start:
                break
            line = moved_off[payer]
        amount = min(self.left[start], self.room[end], *(self._headroom(payer, line) for payer, line in path))
        amount = min(amount, *(self.paid[moved_off[payer]][payer] for payer, _ in path[:-1]), amount)
        for payer, line in path:
            self.paid[line][payer] = self.paid[line].get(payer, 0) + amount
            if payer != start:
                self.paid[moved_off[payer]][payer] -= amount
        self.left[start] -= amount
        self.room[end] -= amount
