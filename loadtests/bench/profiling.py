"""Where a server spends its time: a py-spy recording of it during a round."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from loadtests.bench.processes import child, tree
from loadtests.bench.results import LATEST


def record(server_pids: tuple[int, ...], seconds: float, name: str, run: Callable[[], object]) -> Path:
    """Record the busiest Python process of a server while `run` loads it, as collapsed stacks with counts.

    Raises FileNotFoundError if py-spy is not installed.
    """
    program = Path(sys.executable).with_name("py-spy")
    if not program.exists() and (found := shutil.which("py-spy")) is None:
        raise FileNotFoundError("py-spy is not installed: pip install 'tillgate[dev]'")
    command = [str(program if program.exists() else found)]
    # A parent of workers only waits: the one that has worked most so far is the one to look at.
    busiest = max((stat for pid in server_pids for stat in tree(pid)), key=lambda stat: stat.cpu_ticks)
    path = LATEST.with_name(f"{name}.txt")
    path.parent.mkdir(exist_ok=True)
    command += ["record", "--pid", str(busiest.pid), "--duration", str(round(seconds)), "--rate", "200"]
    command += ["--gil", "--format", "raw", "--output", str(path)]
    with child(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as recording:
        run()
        recording.wait(seconds + 30)
    return path
