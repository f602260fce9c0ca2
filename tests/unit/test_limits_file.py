"""The file of limits: what is shipped, what an operator changes, and how what is wrong is named."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.runtime.limits import SHIPPED, load_limits
from gateway.runtime.settings import Profile, Settings, SettingsError
from gateway.runtime.velocity import Window

PRODUCTION = Settings().model_copy(update={"profile": Profile.PRODUCTION})
PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


def written(folder: Path, text: str) -> Path:
    """A file of limits."""
    path = folder / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return path


def own(folder: Path, text: str) -> Settings:
    """Settings of development that name such a file."""
    return Settings(limits_file=written(folder, text))


def test_what_is_shipped_is_complete() -> None:
    """And every limit of it is told on the page."""
    limits = load_limits(PRODUCTION)
    assert (20, timedelta(hours=1)) == (limits.tries.terminal_cards, limits.tries.lock)
    page = PAGE.read_text(encoding="utf-8")
    for name in re.findall(r"^(\w+) =", SHIPPED.read_text(encoding="utf-8"), re.MULTILINE):
        assert f"`{name}`" in page


def test_a_file_names_only_what_it_changes(tmp_path: Path) -> None:
    """The rest stays as shipped."""
    limits = load_limits(own(tmp_path, "[guessing]\nterminal_cards = 3\n"))
    assert (3, 200) == (limits.tries.terminal_cards, limits.tries.merchant_cards)


@pytest.mark.parametrize(
    "text",
    [
        "[guesing]\nterminal_cards = 3\n",
        "[guessing]\nterminal_card = 3\n",
        "guessing = 3\n",
        "[guessing]\nterminal_cards = -1\n",
        '[guessing]\nterminal_cards = "3"x\n',
        "[guessing]\nterminal_cards = 300\n",
        "[signals]\nopens = 25:00:00\n",
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """A typing error does not silently leave a limit as it was."""
    with pytest.raises(SettingsError) as caught:
        load_limits(own(tmp_path, text))
    assert "limits.toml" in str(caught.value)


def test_in_development_speed_and_typing_are_limited_only_by_an_own_file(tmp_path: Path) -> None:
    """In production they are as shipped."""
    assert (None, 0) == (
        load_limits(Settings()).speed.card,
        load_limits(Settings()).tries.terminal_keyed_a_day,
    )
    assert not load_limits(Settings()).speed
    speed = load_limits(own(tmp_path, "[velocity.card]\npurchases = 2\nwindow_s = 9\n")).speed
    assert (Window(2, 9), None) == (speed.card, speed.terminal)
    assert 1 == load_limits(own(tmp_path, "[keyed]\nterminal_a_day = 1\n")).tries.terminal_keyed_a_day
    shipped = load_limits(PRODUCTION)
    assert (Window(20, 600), 50) == (shipped.speed.card, shipped.tries.terminal_keyed_a_day)
