"""What the one who sets the stage hands to locust: a file with all that the tills have to know."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from loadtests.demo.place import Place
from loadtests.load.volume import Volume

VARIABLE: Final = "LOAD_ORDER"
"""The environment variable that names the file."""


@dataclass(frozen=True, slots=True)
class Order:
    """A day to be played.

    Buyers follow from `seed` and `today`. `breaking_lines` are the endpoints of tills with a line that
    breaks, by terminal; `stage` is the port of who breaks them. `issued` has the certificate of each
    `issue_ref`.
    """

    volume: Volume
    seed: int
    today: date
    endpoint: str
    stage: int
    places: tuple[Place, ...]
    breaking_lines: Mapping[int, str]
    issued: Mapping[str, UUID]
    tally: Path

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what was written."""
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        places = (place | {"folder": Path(place["folder"])} for place in document["places"])
        return cls(
            volume=Volume(**document["volume"]),
            seed=document["seed"],
            today=date.fromisoformat(document["today"]),
            endpoint=document["endpoint"],
            stage=document["stage"],
            places=tuple(Place(**place) for place in places),
            breaking_lines={int(key): value for key, value in document["breaking_lines"].items()},
            issued={key: UUID(value) for key, value in document["issued"].items()},
            tally=Path(document["tally"]),
        )
