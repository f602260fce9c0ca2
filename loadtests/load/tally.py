"""What the day came to: counted by the tills, written for whoever set the stage."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from merchant_sdk import PurchaseResult


@dataclass(slots=True)
class Tally:
    """Counters of all tills together.

    `failed` are calls that left a buyer without what he came for; `late_s` says of each buyer how long he
    stood at the till before it was his turn.
    """

    buyers: int = 0
    approved: int = 0
    points_kopecks: int = 0
    own_money_kopecks: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    stories: Counter[str] = field(default_factory=Counter)
    late_s: list[float] = field(default_factory=list)
    restart: str = ""
    selling_s: float = 0.0
    shifts_compared: int = 0
    operations_compared: int = 0
    cards_compared: int = 0
    disagreements: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Authorizations and sales that were answered."""
        return self.approved + self.declined.total()

    def purchased(self, result: PurchaseResult) -> None:
        """Count an Authorize or Sale; one that was undone stands among the failed."""
        if result.is_approved:
            self.approved += 1
            self.points_kopecks += result.purchase.certificate_kopecks
            self.own_money_kopecks += result.purchase.own_money_kopecks
        elif result.is_declined:
            self.declined[result.reason.name] += 1

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(self._document(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _document(self) -> dict[str, Any]:
        late = sorted(self.late_s) or [0.0]
        return {
            "buyers": self.buyers,
            "purchases_asked": self.asked,
            "approved": self.approved,
            "declined": self.declined.total(),
            "declined_by_reason": dict(self.declined.most_common()),
            "points_kopecks": self.points_kopecks,
            "own_money_kopecks": self.own_money_kopecks,
            "failed": self.failed.total(),
            "failed_by_kind": dict(self.failed.most_common()),
            "mended": dict(self.mended.most_common()),
            "stories": dict(self.stories.most_common()),
            "waited_for_the_till_ms": {
                "p50": round(late[len(late) // 2] * 1000, 1),
                "p99": round(late[len(late) * 99 // 100] * 1000, 1),
                "max": round(late[-1] * 1000, 1),
            },
            "worker_restarted": self.restart,
            "selling_s": round(self.selling_s, 1),
            "shifts_compared": self.shifts_compared,
            "operations_compared": self.operations_compared,
            "cards_compared": self.cards_compared,
            "disagreements": self.disagreements,
        }
