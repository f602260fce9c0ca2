"""The demo as a newcomer runs it: a process of its own, with servers, gateway and tills of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(600)
"""Whole runs of servers, gateway and tills, on a machine that may have other things to do."""


def demo(*arguments: str) -> list[str]:
    """The command line of the demo."""
    return [sys.executable, "-m", "loadtests.demo", *arguments]


@dataclass(frozen=True)
class Interrupted:
    """Runs that were interrupted while tills enrolled and while they sold, in one directory."""

    directory: Path
    ends: list[tuple[int, str]]
    left_running: list[str]


@dataclass(frozen=True)
class Whole:
    """A whole run in the same directory after them."""

    directory: Path
    code: int
    output: str


def command_in(directory: Path) -> list[str]:
    """A hundred buyers; the output goes where a file would get it."""
    return demo("--buyers", "100", "--directory", str(directory))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """One run after the other."""
    directory = tmp_path_factory.mktemp("demo")
    moments = ("their tills enrol", "the gateway is ready")
    ends = [run_interrupted(command_in(directory), moment) for moment in moments]
    return Interrupted(directory, ends, processes_of(directory))


@pytest.fixture(scope="module")
def whole(interrupted: Interrupted) -> Whole:
    """To its end."""
    directory = interrupted.directory
    done = subprocess.run(
        command_in(directory),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Whole(directory, done.returncode, done.stdout)


def run_interrupted(command: list[str], moment: str) -> tuple[int, str]:
    """Start the demo and press Ctrl-C when it says something; returns exit code and output."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    with process:
        assert process.stdout is not None
        read = []
        for line in process.stdout:
            read.append(line)
            if moment in line:
                # A terminal sends it to the whole group.
                os.killpg(process.pid, signal.SIGINT)
        return process.wait(), "".join(read)


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


def test_an_interrupted_run_leaves_nothing_running(interrupted: Interrupted) -> None:
    """Ctrl-C during enrolment or in the middle of the day stops tills, gateway and servers."""
    for code, output in interrupted.ends:
        assert 130 == code, output
        assert "nothing of it runs any more" in output
        assert "Traceback" not in output
    assert [] == interrupted.left_running


def test_a_day_at_the_tills_agrees_with_the_gateway(whole: Whole) -> None:
    """Every book agrees, the ledger is clean, and of everything that the demo shows something happened."""
    assert 0 == whole.code, whole.output
    summary = json.loads((whole.directory / "summary.json").read_text(encoding="utf-8"))
    assert summary["ledger_verified"] is True
    assert [] == summary["disagreements"]
    assert summary["purchases"] == summary["approved"] + summary["declined"] + summary["undone"]
    assert summary["declined"] == sum(summary["declined_by_reason"].values())
    for figure in (
        "refunds", "refunds_after_suspension", "voids", "undone", "holds_expired", "late_captures",
        "shortfall_kopecks", "held_kopecks", "asked_after_suspension", "asked_after_revocation",
    ):  # fmt: skip
        assert summary[figure] > 0, figure
    assert (0, 0) == (summary["sold_after_suspension"], summary["answered_after_revocation"])
    assert summary["asked_after_suspension"] <= summary["declined_by_reason"]["MERCHANT_SUSPENDED"]
    assert {
        "CARD_STOPPED", "CARD_UNKNOWN", "INSUFFICIENT_POINTS", "MERCHANT_SUSPENDED", "NOTHING_ELIGIBLE",
        "NO_USABLE_CERTIFICATE", "OWN_MONEY_NOT_ALLOWED", "PROGRAM_NOT_HELD", "VOIDED_BEFORE_ARRIVAL",
    } <= summary["declined_by_reason"].keys()  # fmt: skip
    assert {
        "lost answer, sent again", "lost request, sent again", "no answer, undone by a Void",
    } <= summary["lost_answers_mended"].keys()  # fmt: skip
    assert summary["prohibited_lines"] > 0 == summary["prohibited_paid_kopecks"]
    decided = {name: told["lines"] for name, told in summary["decisions_by_source"].items()}
    assert all(decided[source] > 0 for source in ("catalogue", "in_store", "declared", "name")), decided
    assert decided["none"] == 0
    assert summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]


def test_merchants_and_tills_have_joined_by_themselves(whole: Whole) -> None:
    """Each till made its own key, which nobody else has; nothing of the fixture command is there."""
    tills = sorted((whole.directory / "tills").iterdir())
    assert 36 == len(tills)
    assert 36 == len({(till / "key.pem").read_bytes() for till in tills})
    assert all(0o600 == (till / "key.pem").stat().st_mode & 0o777 for till in tills)
    assert not (whole.directory / "fixtures").exists()
    assert "registered by two persons" in whole.output


def test_a_file_gets_plain_text(whole: Whole) -> None:
    """Whoever writes the output to a file finds no control codes in it, and receipts in Russian."""
    output = whole.output
    assert "\x1b" not in output
    assert "\r" not in output
    assert "Запрещено к покупке по сертификату: Пиво и пивные напитки" in output
    assert "all agree, to the kopeck" in output


def test_claims_tell_a_handful_of_mismatches(whole: Whole) -> None:
    """Tills send their receipts, but for those that a broken line or a hurried cashier kept back."""
    found = re.search(r"Settlement: (\d+) mismatches found \(([^)]*)\)", whole.output)
    assert found is not None, whole.output
    assert int(found[1]) <= 20
    assert {"REFUND_WITHOUT_RETURN_RECEIPT", "RETURN_WITHOUT_REFUND"} <= {*re.findall("[A-Z_]{4,}", found[2])}


def test_a_run_ends_with_its_processes(whole: Whole) -> None:
    """A whole run leaves nothing running either."""
    assert [] == processes_of(whole.directory)


def test_receipts_that_are_not_there_are_named(tmp_path: Path) -> None:
    """Asked for real receipts without their folder, the demo says so in a sentence and starts nothing."""
    command = demo("--short", "--data", str(tmp_path), "--directory", str(tmp_path / "demo"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert f"no fiscal receipts at {tmp_path}" in done.stdout
    assert not (tmp_path / "demo").exists()
