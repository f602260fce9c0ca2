"""Figures of a bench: medians with their spread, ratios of neighbouring rounds, the file that keeps them."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LATEST: Final = Path(__file__).parent.parent / "results" / "latest.json"
RATIOS: Final = ("unary_over_echo", "exchange_over_pgbench", "unary_over_plain")


def spread_of(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio_of(ours: Sequence[float], yardstick: Sequence[float]) -> dict[str, Any]:
    """Ours over the yardstick, round by round: what disturbs the machine for a while disturbs both of a pair.

    Raises ValueError if the rounds are not as many.
    """
    rounds = [a / b for a, b in zip(ours, yardstick, strict=True)]
    return {**spread_of(rounds), "rounds": rounds}


def merge(kept: Mapping[str, Any], part: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    """The new content: a part replaces the one of its name, others stay; ratios stand at the top as well."""
    ratios = {key: measured[key] for key in RATIOS if key in measured}
    return {**kept, **ratios, part: dict(measured)}


def load(path: Path = LATEST) -> dict[str, Any]:
    """What was measured so far; nothing if there is no file."""
    content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return content


def store(results: Mapping[str, Any], path: Path = LATEST) -> None:
    """Write the file as a whole, or leave the old one."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    fresh.replace(path)
