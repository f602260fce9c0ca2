"""The pages of threats and of attacks name tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))
ATTACKS = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
ATTACKING = sorted(set(re.findall(r"`(?:tests/\w+/)?(test_\w+(?:\.py|…)?)`", ATTACKS)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| threat")]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_is_there(path: str, name: str) -> None:
    """A threat whose test was renamed or removed has no answer any more."""
    file = ROOT / path
    assert re.search(rf"^(async )?def {name}\(", file.read_text(encoding="utf-8"), re.MULTILINE), path


@pytest.fixture(scope="module")
def known_tests() -> frozenset[str]:
    """Names of all files and functions that test something."""
    files = [*(ROOT / "tests").rglob("test_*.py")]
    inside = (
        re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE) for file in files
    )
    return frozenset(file.stem for file in files).union(*inside)


@pytest.mark.parametrize("name", ATTACKING)
def test_an_attack_names_a_test_that_is_there(name: str, known_tests: frozenset[str]) -> None:
    """A file or a function; of a long name its beginning will do."""
    wanted = name.removesuffix(".py")
    if wanted.endswith("…"):
        assert any(one.startswith(wanted[:-1]) for one in known_tests)
    else:
        assert wanted in known_tests


def test_every_threat_names_a_test_or_says_that_there_is_none() -> None:
    """And letters of STRIDE."""
    assert len(ROWS) > 70
    for row in ROWS:
        _, threat, letters, answer, tests, _ = (cell.strip() for cell in row.split("|"))
        assert threat
        assert answer
        assert set(letters.split()) <= set("STRIDE")
        assert letters
        assert tests == "none" or re.fullmatch(r"`tests/[^`]+`(, `tests/[^`]+`)*", tests), row


ASKED_FOR = [
    "stolen till", "cloned certificate", "insider", "replayed message", "database reader",
    "merchant who misdeclares", "holder of the list key", "flood of bad certificates", "card guessing",
    "formula injection",
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED_FOR)
def test_the_threats_that_were_asked_for_have_their_rows(asked: str) -> None:
    """Those of the issue, by name."""
    assert any(asked in row and "none" not in row.split("|")[-2] for row in ROWS)
