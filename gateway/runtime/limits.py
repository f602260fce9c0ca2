"""Limits and thresholds that an operator may choose, from one TOML file; docs/limits.md tells each."""

import tomllib
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.ledger.signals import Thresholds
from gateway.ledger.tries import TryLimits
from gateway.runtime.settings import Profile, Settings
from gateway.runtime.settings_source import SettingsError
from gateway.runtime.velocity import VelocityLimits, Window

SHIPPED: Final = Path(__file__).with_name("limits.toml")

_Count = Annotated[int, Field(ge=0, le=10_000_000)]
_Seconds = Annotated[int, Field(ge=1, le=86_400)]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Guessing(_Table):
    terminal_cards: _Count
    merchant_cards: _Count
    window_s: _Seconds
    lock_s: _Seconds


class _Keyed(_Table):
    terminal_a_day: _Count


class _Window(_Table):
    purchases: _Count
    window_s: _Seconds

    def window(self) -> Window | None:
        return Window(self.purchases, self.window_s) if self.purchases else None


class _Velocity(_Table):
    card: _Window
    terminal: _Window
    merchant: _Window


class _Client(_Table):
    in_flight: _Count
    streams: _Count
    per_s: _Count
    json_connections: _Count


class _Handshakes(_Table):
    per_s: _Count


class _Submissions(_Table):
    waiting: _Count


class _Signals(_Table):
    endings_purchases: Annotated[int, Field(ge=1)]
    endings_share: _Share
    repeats_purchases: Annotated[int, Field(ge=2)]
    repeats_within_s: _Seconds
    opens: time
    closes: time
    outside_share: _Share
    price_times: Annotated[float, Field(gt=1)]
    price_lines: Annotated[int, Field(ge=3)]
    refused_lines: Annotated[int, Field(ge=1)]
    refused_share: _Share


class LimitsFile(_Table):
    """What the file holds, every value of it."""

    guessing: _Guessing
    keyed: _Keyed
    velocity: _Velocity
    client: _Client
    handshakes: _Handshakes
    submissions: _Submissions
    signals: _Signals

    @property
    def tries(self) -> TryLimits:
        """Limits of unknown and typed cards."""
        return TryLimits(
            self.guessing.terminal_cards,
            self.guessing.merchant_cards,
            timedelta(seconds=self.guessing.window_s),
            timedelta(seconds=self.guessing.lock_s),
            self.keyed.terminal_a_day,
        )

    @property
    def speed(self) -> VelocityLimits:
        """Limits of purchases by time."""
        speed = self.velocity
        return VelocityLimits(speed.card.window(), speed.terminal.window(), speed.merchant.window())

    @property
    def thresholds(self) -> Thresholds:
        """From where on signals are given."""
        return Thresholds(**dict(self.signals))

    @model_validator(mode="after")
    def _lock_covers_window(self) -> Self:
        if self.guessing.merchant_cards and self.guessing.merchant_cards < self.guessing.terminal_cards:
            raise ValueError("guessing.merchant_cards must not lie below guessing.terminal_cards")
        return self


def load_limits(settings: Settings) -> LimitsFile:
    """Read the shipped file, or what the operator's own file says instead of it; raises SettingsError.

    In development purchases and requests by time, typed cards and handshakes are limited only if an own file
    says so: a demo, a test or a bench buys in a minute what a shop sells in a day, with all tills at once.
    """
    content, path = _read(SHIPPED), settings.limits_file
    if settings.profile is Profile.DEVELOPMENT:
        content["keyed"]["terminal_a_day"] = 0
        content["handshakes"]["per_s"] = 0
        content["client"]["per_s"] = 0
        for window in content["velocity"].values():
            window["purchases"] = 0
    if path is not None:
        _merge(content, _read(path), path)
    try:
        return LimitsFile.model_validate(content)
    except ValidationError as error:
        problems = [f"{path or SHIPPED}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(problems) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"{path}: {error}"]) from None


def _merge(into: dict[str, Any], other: dict[str, Any], path: Path, name: str = "") -> None:
    """Values of a file over those that are shipped; raises SettingsError for a name that is unknown."""
    for key, value in other.items():
        if key not in into or isinstance(into[key], dict) is not isinstance(value, dict):
            raise SettingsError([f"{path}: there is no limit {name}{key}"])
        if isinstance(value, dict):
            _merge(into[key], value, path, f"{name}{key}.")
        else:
            into[key] = value
