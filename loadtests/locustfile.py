"""A food-help day of a city for locust. `make load` sets the stage and starts it.

locust has patched the standard library for gevent when this file is read; gRPC must learn of it before the
first channel. Each call then waits in a thread of gevent's pool, of which there have to be enough.
"""

import os
from pathlib import Path
from typing import Final

import gevent
from grpc.experimental.gevent import init_gevent
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests.load.day import Day
from loadtests.load.order import VARIABLE, Order

CALLS_AT_ONCE: Final = 256
TILLS_OPENED_PER_S: Final = 100

gevent.get_hub().threadpool_size = CALLS_AT_ONCE
init_gevent()


class Play:
    """What locust's objects share: the day, once it is known."""

    day: Day


@events.init.add_listener
def set_up(environment: Environment, **_: object) -> None:
    """Learn what is to be played."""

    def measured(name: str, took_ms: float, answer_bytes: int, failure: Exception | None) -> None:
        environment.events.request.fire(
            request_type="gRPC",
            name=name,
            response_time=took_ms,
            response_length=answer_bytes,
            exception=failure,
            context={},
        )

    order = Order.read(Path(os.environ[VARIABLE]))
    environment.host = f"{order.endpoint} (mutual TLS)"
    Play.day = Day(order, measured)


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    """Watch the day, and have a worker restarted in the middle of it."""
    gevent.spawn(Play.day.watch, environment.stats)
    gevent.spawn(Play.day.restart_a_worker)


@events.test_stop.add_listener
def end(**_: object) -> None:
    """The evening, unless the day was broken off."""
    if Play.day.are_all_served:
        Play.day.close()


class Till(User):
    """A till with its cashier: serves its buyers when they come."""

    @task
    def serve(self) -> None:
        """The whole day at this till."""
        Play.day.serve(*Play.day.open_till())
        Play.day.is_over.wait()
        raise StopUser


class OpeningHours(LoadTestShape):
    """All tills from morning to evening; how many buyers come when is the schedule's to say."""

    def tick(self) -> tuple[int, float] | None:
        """So many tills; None when the day is over."""
        if Play.day.is_over.is_set():
            return None
        return len(Play.day.order.places), TILLS_OPENED_PER_S
