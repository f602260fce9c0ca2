"""`make load` in small: servers, two workers, locust and its tills, all in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_small_part_of_the_day_is_played_without_a_failed_sale(tmp_path: Path) -> None:
    """A worker is restarted meanwhile, answers get lost, and every book agrees; the report names the calls.

    gevent patches whatever process imports locust, so that it gets one of its own.
    """
    directory, results = tmp_path / "load", tmp_path / "results"
    options = ("--buyers", "60", "--minutes", "0.05", "--directory", directory, "--results", results)
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.load", *map(str, options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout
    assert "No sale failed, all books agree, the ledger is clean" in done.stdout
    summary = json.loads((results / "load.json").read_text(encoding="utf-8"))
    assert summary["is_good"] is True
    assert (60, 0) == (summary["buyers"], summary["failed"])
    assert summary["mended"]
    assert summary["worker_restarted"].startswith("restarted: worker ")
    assert (40, 60) == (summary["shifts_compared"], summary["cards_compared"])
    report = (results / "load.html").read_text(encoding="utf-8")
    for name in ("Authorize", "Capture", "Sale"):
        assert f'"name": "{name}"' in report
