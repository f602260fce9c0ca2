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
    """Enrolment that was started; `ca_pem` is whom merchants and tills are told to believe there."""

    world: World
    process: "subprocess.Popen[bytes]"
    ca_pem: bytes

    @property
    def host(self) -> str:
        """Where it listens."""
        return self.world.settings.enrollment_host

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.world.settings.enrollment_port

    def wait_until_listening(self) -> None:
        """Return when it takes connections; raises DemoError if it does not come to that."""
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline_s and self.process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                time.sleep(_POLL_INTERVAL_S)
            else:
                return
        raise DemoError(
            f"enrolment did not start; its log ends with:\n{self.world.end_of_log(ENROLLMENT_LOG)}"
        )


@contextmanager
def running_enrollment(world: World) -> Iterator[EnrollmentProcess]:
    """Start enrolment, which then gets ready by itself, and stop it in order at the end."""
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
        yield EnrollmentProcess(world, process, load_tls(settings).client_ca)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
