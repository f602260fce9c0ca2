"""What operators see of the committer's work."""

from prometheus_client import REGISTRY

from gateway.goods.memory import Tally
from gateway.runtime.bus import Bus
from gateway.runtime.observing import LedgerObserver


def counted(known: str) -> float:
    """The lines told so far."""
    return REGISTRY.get_sample_value("tillgate_goods_lines_total", {"known": known}) or 0.0


def test_lines_are_told_with_each_batch_and_never_twice() -> None:
    """Each batch adds what was judged since the one before; what is judged ahead counts as new, once."""
    lines = Tally()
    observer = LedgerObserver(Bus("redis://127.0.0.1:1/0"), lines)
    known, new = counted("yes"), counted("no")
    lines.asked, lines.missed = 10, 4
    observer.batch_done(1, 0, 0.001)
    assert (6, 4) == (counted("yes") - known, counted("no") - new)
    lines.missed = 9
    observer.batch_done(1, 0, 0.001)
    assert (6, 9) == (counted("yes") - known, counted("no") - new)
    lines.asked = 17
    observer.batch_done(1, 0, 0.001)
    assert (8, 9) == (counted("yes") - known, counted("no") - new)
