"""Fuzz the parsers, several at once: python -m tests.fuzz --seconds 60 [--only marking,tables] [--keep].

A finding ends its target, is kept as a file below var/fuzz, and makes the run fail. New inputs that reach new
code go to var/fuzz as well; with --keep the smallest of all inputs that reach as much together take the
place of the corpus in the repository.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.fuzz.keeping import smallest_covering
from tests.fuzz.targets import CORPUS, NAMES, check_of

INPUT_MAX_BYTES: Final = 4096
ONE_INPUT_MAX_S: Final = 20
MEMORY_MAX_MB: Final = 2048
# What an end in time may take beyond what was asked for: start, and the last input.
_GRACE_S: Final = 120
_TAIL_CHARS: Final = 4000


def main() -> int:
    """The exit status: 0 if no target found anything."""
    options = _options()
    if not sys.platform.startswith("linux"):
        print("error: atheris, which guides the fuzzing, exists for Linux alone", file=sys.stderr)
        return 1
    names = options.only.split(",") if options.only else list(NAMES)
    jobs = min(options.jobs, len(names))
    # All of them together take the time that was asked for, however few run at once.
    seconds = max(1, options.seconds * jobs // len(names))
    print(f"fuzz: {len(names)} parsers for {seconds} s each, {jobs} at once", flush=True)
    began = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        found = [*pool.map(partial(_fuzz, seconds=seconds, found_in=options.found), names)]
    if options.keep and not any(found):
        for name in names:
            _keep(name, options.found)
    print(f"fuzz: {sum(found)} of {len(names)} found something, {time.monotonic() - began:.0f} s")
    return int(any(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=75, help="for all targets together")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once")
    parser.add_argument("--only", default="", help="targets, parted by commas")
    parser.add_argument("--keep", action="store_true", help="keep what reached new code in the repository")
    parser.add_argument("--found", type=Path, default=Path("var/fuzz"), help="where findings go")
    return parser.parse_args()


def _fuzz(name: str, seconds: int, found_in: Path) -> bool:
    """Whether a target found something; then what it said is printed."""
    own = found_in / name
    own.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}", f"-max_len={INPUT_MAX_BYTES}", f"-timeout={ONE_INPUT_MAX_S}",
        f"-rss_limit_mb={MEMORY_MAX_MB}", f"-artifact_prefix={own}/finding-", "-print_final_stats=1",
        # libFuzzer writes to the first folder.
        str(own), *([str(CORPUS / name)] if (CORPUS / name).is_dir() else []),
    ]  # fmt: skip
    try:
        done = _run(name, options, seconds + _GRACE_S)
    except subprocess.TimeoutExpired:
        print(f"fuzz: {name} did not end in time", flush=True)
        return True
    said = done.stderr + done.stdout
    if done.returncode:
        print(f"fuzz: {name} FOUND something, kept in {own}:\n{said[-_TAIL_CHARS:]}", flush=True)
    else:
        print(f"fuzz: {name}: {_executed(said)} inputs", flush=True)
    return done.returncode != 0


def _run(name: str, options: list[str], timeout_s: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.one", name, *options],
        capture_output=True, check=False, timeout=timeout_s, text=True, errors="replace",
    )  # fmt: skip


def _executed(said: str) -> str:
    label = "stat::number_of_executed_units:"
    return next((line.removeprefix(label).strip() for line in said.splitlines() if label in line), "?")


def _keep(name: str, found_in: Path) -> None:
    """The smallest inputs of a target that reach as much as all of them become its corpus."""
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    files = [path for folder in (kept, found_in / name) for path in folder.iterdir() if path.is_file()]
    chosen = smallest_covering(check_of(name), [path.read_bytes() for path in files])
    for path in kept.iterdir():
        path.unlink()
    for data in chosen:
        (kept / sha256(data).hexdigest()[:16]).write_bytes(data)
    print(f"fuzz: {name}: {len(chosen)} of {len(files)} inputs are kept", flush=True)


if __name__ == "__main__":
    sys.exit(main())
