"""The demo as a newcomer runs it: a process of its own, with servers, gateway and tills of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def demo(*arguments: str) -> list[str]:
    """The command line of the demo."""
    return [sys.executable, "-m", "loadtests.demo", *arguments]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The directory and the output of a small day."""
    directory = tmp_path_factory.mktemp("demo")
    return directory, run_small(directory)


def run_small(directory: Path) -> str:
    """A day of a hundred buyers; returns its output, which goes to a file."""
    command = demo("--buyers", "100", "--directory", str(directory))
    with (directory / "output.txt").open("w+", encoding="utf-8") as file:
        done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False)
        file.seek(0)
        output = file.read()
    assert 0 == done.returncode, output
    assert "Traceback" not in output
    return output


def summary_of(directory: Path) -> dict[str, Any]:
    """What the run has written for programs."""
    document: dict[str, Any] = json.loads((directory / "summary.json").read_text(encoding="utf-8"))
    return document


def processes_of(directory: Path) -> list[str]:
    """The command lines of living processes that name the directory, or have it in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and int(process.name) != os.getpid():
                told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                if os.fsencode(directory) in told:
                    found.append(told.decode(errors="replace"))
        except OSError:
            continue
    return found


def test_a_day_at_the_tills_agrees_with_the_gateway(first_run: tuple[Path, str]) -> None:
    """Every book agrees, the ledger is clean, and of everything that the demo shows something happened."""
    summary = summary_of(first_run[0])
    assert summary["ledger_verified"] is True
    assert [] == summary["disagreements"]
    decided = summary["approved"] + summary["declined"] + summary["undone"]
    assert summary["purchases"] == decided
    assert summary["declined"] == sum(summary["declined_by_reason"].values())
    for figure in ("refunds", "voids", "holds_expired", "late_captures", "shortfall_kopecks", "undone"):
        assert summary[figure] > 0, figure
    assert {
        "CARD_STOPPED", "CARD_UNKNOWN", "INSUFFICIENT_POINTS", "MERCHANT_SUSPENDED", "NOTHING_ELIGIBLE",
        "NO_USABLE_CERTIFICATE", "OWN_MONEY_NOT_ALLOWED", "PROGRAM_NOT_HELD", "VOIDED_BEFORE_ARRIVAL",
    } <= summary["declined_by_reason"].keys()  # fmt: skip
    assert {
        "lost answer, sent again", "lost request, sent again", "no answer, undone by a Void",
    } <= summary["lost_answers_mended"].keys()  # fmt: skip
    assert summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]


def test_a_file_gets_plain_text(first_run: tuple[Path, str]) -> None:
    """Whoever writes the output to a file finds no control codes in it, and receipts in Russian."""
    output = first_run[1]
    assert "\x1b" not in output
    assert "\r" not in output
    assert "Запрещено к покупке по сертификату: Пиво и пивные напитки" in output
    assert "all agree, to the kopeck" in output


def test_it_runs_again_where_it_ran_before(first_run: tuple[Path, str]) -> None:
    """The next run replaces what the last one left, and nothing of either goes on running."""
    directory, _ = first_run
    before = summary_of(directory)
    run_small(directory)
    after = summary_of(directory)
    assert before["cards_compared"] == after["cards_compared"]
    assert [] == processes_of(directory)


def test_an_interrupted_run_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the day stops tills, gateway and servers."""
    command = demo("--buyers", "100", "--directory", str(tmp_path))
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "the gateway is ready" in line:
                break
        # A terminal sends it to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
        assert 130 == process.wait(), rest
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert "nothing of it runs any more" in rest
    assert [] == processes_of(tmp_path)


def test_receipts_that_are_not_there_are_named(tmp_path: Path) -> None:
    """Asked for real receipts without their folder, the demo says so in a sentence and starts nothing."""
    command = demo("--short", "--data", str(tmp_path), "--directory", str(tmp_path / "demo"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert f"no fiscal receipts at {tmp_path}" in done.stdout
    assert not (tmp_path / "demo").exists()
