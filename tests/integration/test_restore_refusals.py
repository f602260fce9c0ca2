"""What `tillgate restore` refuses before it touches anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import tillgate


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """A directory with one base backup that nothing is read of."""
    (tmp_path / "backups/base/20261122T171900Z").mkdir(parents=True)
    (tmp_path / "backups/base/incomplete-x").mkdir()
    return tmp_path / "backups"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--until", "2026-11-22T17:19:00"], "is no instant with its offset"),
        (["--until", "yesterday"], "is no instant with its offset"),
        (["--until", "2026-11-22T20:18:59+03:00"], "ended at 2026-11-22T17:19:00+00:00, after that"),
    ],
)
def test_an_instant_that_no_backup_reaches_is_refused(
    backups: Path, tmp_path: Path, options: list[str], problem: str
) -> None:
    """An instant needs its offset, and a base backup that ended before it."""
    arguments = ["restore", "--from", str(backups), "--to", str(tmp_path / "target"), *options]
    done = CliRunner().invoke(tillgate, arguments)
    assert 0 != done.exit_code
    assert problem in done.stderr
    assert not (tmp_path / "target").exists()


def test_a_restore_never_writes_over_anything(backups: Path, tmp_path: Path) -> None:
    """A directory with a single file in it, as of a running server, is left alone."""
    target = tmp_path / "target"
    target.mkdir()
    (target / "postmaster.pid").write_text("1\n")
    done = CliRunner().invoke(tillgate, ["restore", "--from", str(backups), "--to", str(target)])
    assert f"Error: {target} is not empty: a restore never writes over anything\n" in done.stderr
    assert [target / "postmaster.pid"] == list(target.iterdir())


def test_what_broke_off_is_no_backup(tmp_path: Path) -> None:
    """A base backup has its name only when it is whole and verified."""
    (tmp_path / "backups/base/incomplete-x").mkdir(parents=True)
    arguments = ["restore", "--from", str(tmp_path / "backups"), "--to", str(tmp_path / "target")]
    done = CliRunner().invoke(tillgate, arguments)
    assert f"Error: there is no backup in {tmp_path / 'backups'}\n" == done.stderr
