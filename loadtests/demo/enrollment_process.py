"""The enrolment of the demo's world, a process of its own: it alone holds the issuing key."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateway.runtime.keys import load_tls
from loadtests.demo.world import ENROLLMENT_LOG, DemoError, World, tillgate

_START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class EnrollmentProcess:
    """The running enrolment; `ca_pem` is whom merchants and tills are told to believe there."""

    host: str
    port: int
    ca_pem: bytes


@contextmanager
def running_enrollment(world: World) -> Iterator[EnrollmentProcess]:
    """Start enrolment, wait until it listens, and stop it in order at the end; raises DemoError."""
    settings = world.settings
    with (settings.data_dir / ENROLLMENT_LOG).open("wb") as log:
        process = subprocess.Popen(
            tillgate("serve-enrollment"),
            env=world.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for whoever started it, who stops it when nobody asks any more.
            start_new_session=True,
        )
    try:
        host, port = settings.enrollment_host, settings.enrollment_port
        _wait_until_listening(world, process, host, port)
        yield EnrollmentProcess(host, port, load_tls(settings).client_ca)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_listening(world: World, process: "subprocess.Popen[bytes]", host: str, port: int) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_INTERVAL_S)
        else:
            return
    raise DemoError(f"enrolment did not start; its log ends with:\n{world.end_of_log(ENROLLMENT_LOG)}")
