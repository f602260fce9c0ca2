"""`python -m loadtests.load`: sets the stage for a day of the city, has locust play it, and judges.

It exits with 0 if every buyer was served without one failed call, one worker was restarted meanwhile, every
book agrees and the ledger is clean; with 1 if not.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from gateway.domain.policy import MOSCOW
from gateway.runtime.embedded import EmbeddedServerError
from loadtests.demo.department import credit_all
from loadtests.demo.money import count
from loadtests.demo.view import View
from loadtests.demo.world import DemoError, Shape, World, open_world, register_fixtures
from loadtests.load.buyers import holders_of
from loadtests.load.order import VARIABLE, Order
from loadtests.load.stage import Stage
from loadtests.load.verdict import Verdict
from loadtests.load.volume import Volume, part_of_a_day, whole_day
from loadtests.serving import Serving, ServingError

SEED: Final = 213
DIRECTORY: Final = Path("var/load")
RESULTS: Final = Path("loadtests/results")
LOCUSTFILE: Final = Path(__file__).parents[1] / "locustfile.py"

MINUTES: Final = 15.0
BUYERS_IN_SHORT: Final = 800
SHORT_S: Final = 20.0
WORKERS: Final = 2
HOLD_TTL_S: Final = 86_400
"""Longer than any day that is played: what is left on hold is left by a failure, and shows."""

BREAKING_EVERY: Final = 20
BREAKING_LEAST: Final = 10
"""Every twentieth till has a line that breaks; of a few tills more, so that it happens at all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a day; returns the exit code."""
    options = _parser().parse_args(arguments)
    view = View()
    volume = _volume(options)
    _tell_volume(volume, view)
    try:
        verdict = _run(volume, options.directory, options.results, view)
    except (DemoError, EmbeddedServerError, PermissionError, ServingError) as error:
        view.say(f"[red]The day cannot go on:[/red] {error}")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        view.say("stopped; nothing of it runs any more")
        return 130
    verdict.tell(view.console)
    return 0 if verdict.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.load",
        description="A food-help day of a city at ten times the published volume, played by locust.",
    )
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"how long the shops are open (default {MINUTES:g})"
    )
    parser.add_argument("--short", action="store_true", help="a part of the day, in half a minute")
    parser.add_argument("--buyers", type=int, metavar="N", help="a part of the day with so many buyers")
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help=f"where it works (default {DIRECTORY})"
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"where the report goes (default {RESULTS})"
    )
    return parser


def _volume(options: argparse.Namespace) -> Volume:
    if options.buyers is not None:
        return part_of_a_day(options.buyers, options.minutes * 60)
    if options.short:
        return part_of_a_day(BUYERS_IN_SHORT, SHORT_S)
    return whole_day(options.minutes * 60)


def _tell_volume(volume: Volume, view: View) -> None:
    whole = whole_day(volume.open_s)
    what = "the whole day" if volume.is_whole else f"a part of the day's {count(whole.purchases)}"
    view.say(
        f"a holiday peak day at ten times the published volume: {count(volume.purchases)} purchases"
        f" ({what}) at {count(volume.tills)} tills of {count(volume.shops)} shops"
    )
    view.say(
        f"the fourteen opening hours take {volume.open_s:.0f} s, {volume.compression:.0f} times faster than"
        f" in the city: {volume.purchases_per_s:.0f} buyers a second on average"
    )


def _run(volume: Volume, directory: Path, results: Path, view: View) -> Verdict:
    shape = Shape(volume.merchants, volume.shops_a_merchant, volume.tills_a_shop)
    view.say(f"starting PostgreSQL and Valkey, registering {count(volume.tills)} tills with their keys")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_world(directory, HOLD_TTL_S, view.say, register_fixtures, shape) as world:
        today = datetime.now(MOSCOW).date()
        order = Order(
            volume=volume,
            seed=SEED,
            today=today,
            endpoint=world.endpoint,
            stage=0,
            places=world.places,
            breaking_lines={},
            issued={},
            tally=directory.resolve() / "tally.json",
        )
        issued = credit_all(world, holders_of(order), today, view)
        gateway = _gateway(world)
        with gateway:
            view.say(f"$ tillgate serve --workers {WORKERS} &")
            gateway.start()
            gateway.wait_until_ready()
            results.mkdir(parents=True, exist_ok=True)
            report = results / "load.html"
            tally, ended_pids = asyncio.run(_play(gateway, order, issued, report, view))
            is_clean = world.command("ledger", "verify", "--keys", str(world.outcome_keys)) == 0
            gateway.stop()
        tally["disagreements"] += [
            fault for fault in world.faults_in_log() if not _is_told_end(fault, ended_pids)
        ]
    verdict = Verdict(volume, tally, is_clean, view.seconds, report)
    verdict.write(results / "load.json")
    return verdict


def _gateway(world: World) -> Serving:
    variables = {name: value for name, value in world.environment.items() if name.startswith("TILLGATE_")}
    return Serving(variables, world.gateway_log, workers=WORKERS)


async def _play(
    gateway: Serving, order: Order, issued: Mapping[str, UUID], report: Path, view: View
) -> tuple[dict[str, Any], set[int]]:
    """Let locust play the day; returns its tally, and the workers that were asked to end.

    Raises DemoError if there is no tally.
    """
    every = max(min(BREAKING_EVERY, len(order.places) // BREAKING_LEAST), 1)
    terminals = [place.terminal_id for place in order.places[::every]]
    async with Stage(gateway, terminals) as stage:
        path = order.tally.with_name("order.json")
        replace(order, stage=stage.port, breaking_lines=stage.endpoints, issued=issued).write(path)
        command = ("-m", "locust", "-f", LOCUSTFILE, "--headless", "--only-summary", "--html", report)
        view.say(f"$ locust -f {LOCUSTFILE.name} --headless --html {report}")
        locust = await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, command),
            "--skip-log",
            env=os.environ | {VARIABLE: str(path)},
            # Ctrl-C is for this process to handle: it ends locust, and then the gateway.
            start_new_session=True,
        )
        try:
            await locust.wait()
        finally:
            if locust.returncode is None:
                locust.terminate()
                await locust.wait()
    if not order.tally.exists():
        raise DemoError(f"locust ended with {locust.returncode} before the day was over")
    document: dict[str, Any] = json.loads(order.tally.read_text(encoding="utf-8"))
    return document, stage.ended_pids


def _is_told_end(fault: str, ended_pids: set[int]) -> bool:
    """The supervisor reports a worker that ends unasked by it as an error: of these it was asked by us."""
    return "a worker has ended" in fault and any(f'"pid":{pid},' in fault for pid in ended_pids)


if __name__ == "__main__":
    sys.exit(main())
