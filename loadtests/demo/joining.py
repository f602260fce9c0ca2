"""How the demo's merchants and tills join: through the SDK, as any merchant's, and not by a fixture.

Merchants apply and ask what became of it; the department decides meanwhile; each till makes its own key and
gets its first certificate by a one-time code. Each shop asks over a line of its own, as shops do: so many
tills behind one address would be told to come again later.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from gateway.domain.policy import moscow_date
from gateway.registry.enrolment_errors import EnrolmentError
from loadtests.demo.applicants import application, bic_directory
from loadtests.demo.enrollment_process import EnrollmentProcess, running_enrollment
from loadtests.demo.lossy import Cable
from loadtests.demo.money import count
from loadtests.demo.register import CLERK, Department, shops
from loadtests.demo.stopping import run_stoppable
from loadtests.demo.world import ENROLLMENT_LOG, DemoError, Shape, World
from merchant_sdk import TillgateError
from merchant_sdk.enrollment import SECRET_BYTES, ApplicationStatus, EnrollmentClient, enroll
from merchant_sdk.request_ids import new_request_id

_POLL_PAUSE_S: Final = 0.2
_POLLS: Final = 50
_UNDECIDED: Final = ("SUBMITTED", "UNDER_REVIEW")

_TILLS: Final = "tills"

Result = TypeVar("Result")


def join_all(world: World, shape: Shape) -> Path:
    """Let all merchants, shops and tills join; returns where the tills keep their keys. Raises DemoError."""
    directory = world.settings.data_dir / "bic_directory.xml"
    directory.write_bytes(bic_directory(moscow_date(datetime.now(UTC))))
    started_s = time.monotonic()
    world.say("$ tillgate serve-enrollment &")
    with running_enrollment(world) as process:
        # Before anybody applies: from then on an applicant's bank must be in it.
        if code := world.command("bic", "import", str(directory), "--by", CLERK):
            raise DemoError(f"tillgate bic import ended with exit code {code}")
        process.wait_until_listening()
        try:
            run_stoppable(_join_all(world, process, shape))
        except (TillgateError, EnrolmentError) as error:
            log = world.end_of_log(ENROLLMENT_LOG)
            raise DemoError(f"enrolment: {error}; its log ends with:\n{log}") from error
    outlets, tills = shape.merchants * shape.outlets, shape.merchants * shape.outlets * shape.terminals
    world.say(
        f"{count(shape.merchants)} merchants with {count(outlets)} shops applied through the SDK and were"
        f" registered by two persons; {count(tills)} tills made their keys and enrolled by one-time codes,"
        f" in {time.monotonic() - started_s:.1f} s"
    )
    return world.settings.data_dir / _TILLS


async def _join_all(world: World, process: EnrollmentProcess, shape: Shape) -> None:
    async with Department(world.settings) as department:
        # In order: how goods are told depends on the merchants' ids, and a run can be repeated.
        merchant_ids = [
            await _join(n, shape.outlets, process, department) for n in range(1, shape.merchants + 1)
        ]
        added = [await department.add_terminals(each, shape.terminals) for each in merchant_ids]
        world.say(f"{count(len(merchant_ids))} merchants are registered; their tills enrol")
        folder = world.settings.data_dir / _TILLS
        await asyncio.gather(
            *(
                _enroll_shop(shop, folder, process, department, f"127.0.{n}.{m}")
                for n, terminal_ids in enumerate(added, start=1)
                for m, shop in enumerate(shops(terminal_ids, shape.terminals), start=1)
            )
        )


async def _join(n: int, outlets: int, process: EnrollmentProcess, department: Department) -> int:
    """Merchant number n applies, asks until the department has decided, and signs its agreement; its id."""
    # Kept before it is sent, so that an application whose answer is lost is the same one when sent again.
    request_id, secret = new_request_id(), secrets.token_bytes(SECRET_BYTES)
    form = application(n, outlets)
    async with _line(process, f"127.0.{n}.254") as line:
        number = await line.ask(lambda gateway: gateway.submit_application(form, request_id, secret))
        merchant_id, status = await asyncio.gather(
            department.register(int(number)), _decided(line, number, secret)
        )
    if (status.state, status.merchant_id) != ("REGISTERED", merchant_id):
        raise DemoError(f"application {number} is {status.state}, merchant {status.merchant_id}")
    await department.conclude(merchant_id)
    return merchant_id


async def _decided(line: "_Line", number: str, secret: bytes) -> ApplicationStatus:
    for _ in range(_POLLS):
        status = await line.ask(lambda gateway: gateway.application(number, secret))
        if status.state not in _UNDECIDED:
            return status
        await asyncio.sleep(_POLL_PAUSE_S)
    raise DemoError(f"nobody decides about application {number}")


async def _enroll_shop(
    terminal_ids: Sequence[int],
    folder: Path,
    process: EnrollmentProcess,
    department: Department,
    address: str,
) -> None:
    """The tills of a shop, one after the other: somebody types a code at each."""
    async with _line(process, address) as line:
        for terminal_id in terminal_ids:
            code = await department.issue_code(terminal_id)
            await line.ask(partial(enroll, folder=folder / str(terminal_id), code=code))


@dataclass(frozen=True, slots=True)
class _Line:
    """What a shop or an office is connected to enrolment by."""

    endpoint: str
    ca_pem: bytes

    async def ask(self, question: Callable[[EnrollmentClient], Result]) -> Result:
        """Ask in a thread: the SDK's enrolment is for programs that do one thing at a time.

        Whoever is stopped meanwhile hangs up, which ends the thread, too.
        """
        with EnrollmentClient(self.endpoint, ca_pem=self.ca_pem) as gateway:
            return await asyncio.to_thread(question, gateway)


@asynccontextmanager
async def _line(process: EnrollmentProcess, address: str) -> AsyncIterator[_Line]:
    async with Cable(process.host, process.port, address) as cable:
        yield _Line(cable.endpoint, process.ca_pem)
