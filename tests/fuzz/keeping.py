"""Chooses the corpus: of all inputs the smallest that together reach every step that any of them reaches."""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tests.fuzz.targets import Check

ROOTS: Final = tuple(str(Path(__file__).parents[2] / name) for name in ("gateway", "settlement"))

Step = tuple[str, int, int]


def smallest_covering(check: Check, inputs: Iterable[bytes]) -> list[bytes]:
    """Inputs from the shortest on, each of which goes from a line to a line as none before it did.

    An input that is a finding is kept too.
    """
    reached: set[Step] = set()
    kept = []
    for data in sorted(set(inputs), key=lambda one: (len(one), one)):
        steps, is_finding = _steps_of(check, data)
        if is_finding or not steps <= reached:
            reached |= steps
            kept.append(data)
    return kept


def _steps_of(check: Check, data: bytes) -> tuple[set[Step], bool]:
    steps: set[Step] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(ROOTS):
            return None
        before = frame.f_lineno

        def step(inner: FrameType, event: str, _: Any) -> Any:
            nonlocal before
            if event == "line":
                steps.add((name, before, inner.f_lineno))
                before = inner.f_lineno
            return step

        return step if event == "call" else None

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        check(data)
    except Exception:
        return steps, True
    finally:
        sys.settrace(previous)
    return steps, False
