"""The kept corpus of every parser is read again, and the fuzzer finds what is there to be found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import CORPUS, NAMES, check_of

ROOT = Path(__file__).parents[2]
INPUTS_MAX_BYTES = 1 << 20
ON_LINUX = sys.platform.startswith("linux")


@pytest.mark.parametrize("name", NAMES)
def test_every_input_of_the_corpus_is_read_or_refused_by_name(name: str) -> None:
    """Each input once reached code that none before had, or was a finding."""
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs, f"{name} has no corpus: python -m tests.fuzz --only {name} --keep"
    check = check_of(name)
    for path in inputs:
        try:
            check(path.read_bytes())
        except Exception as error:
            error.add_note(str(path))
            raise


def test_no_corpus_is_without_its_parser_and_all_are_small() -> None:
    """A renamed target would leave its corpus behind unread."""
    assert {*NAMES} == {path.name for path in CORPUS.iterdir()}
    assert INPUTS_MAX_BYTES > sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("target", "status"), [("tests.fuzz.planted", 1), ("requisites", 0)] if ON_LINUX else [("requisites", 1)]
)
def test_a_finding_fails_the_run_and_is_kept(target: str, status: int, tmp_path: Path) -> None:
    """A parser with a planted fault beside one without; elsewhere than on Linux it says why it can not."""
    options = ["--seconds", "5", "--only", target, "--found", str(tmp_path)]
    run = subprocess.run([sys.executable, "-m", "tests.fuzz", *options], cwd=ROOT, check=False, text=True,
                         capture_output=True)  # fmt: skip
    assert status == run.returncode, run.stdout + run.stderr
    assert status == len(list(tmp_path.rglob("finding-*"))) or not ON_LINUX, run.stdout
    assert ("PlantedError" in run.stdout) == (ON_LINUX and status == 1)
