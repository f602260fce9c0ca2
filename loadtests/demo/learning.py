"""A classifier of the demo's names: `python -m loadtests.demo.learning NAMES.csv FOLDER`, a process beside.

It learns for some seconds the first time, and is kept in the folder until names, lists or learning change.
Each step is a line of what it prints; the last line is where the classifier lies.
"""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.goods.importing.categories import SHIPPED_UHTT, load_category_map
from gateway.goods.loader import load_list_book
from gateway.goods.names.labels import Lists
from gateway.goods.names.learned import learned_on, place_of

_TOLD_AT: Final = (40, 100)


def main(names: Path, folder: Path) -> None:
    """Learn, and forget what was learned of other names before."""
    lists = Lists.at(load_list_book(), datetime.now(UTC))
    kept = place_of(names, lists, folder)
    if folder.exists():
        for stale in folder.iterdir():
            if stale != kept:
                shutil.rmtree(stale)
    learned_on(names, load_category_map(SHIPPED_UHTT), lists, folder, _told)
    print(kept, flush=True)


def _told(step: str, done: float) -> None:
    if round(done * 100) in _TOLD_AT:
        print(f"names: {step}, {done:.0%}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
