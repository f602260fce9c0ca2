"""Who can say whether a qualified signature is good: a certified program, or a service, of the operator's.

Digest and signature of GOST R 34.10-2012, the chain up to the ministry's root, revocation, and the
registration of a power of attorney need means that the state certifies. `Verifier` is what such means look
like from here; `CommandVerifier` runs a program. Until one answers, a signature is UNVERIFIED and shown so.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from settlement.errors import SettlementError
from settlement.signing.errors import SigningCode

TIMEOUT_S: Final = 60.0
_SAID_MAX_BYTES: Final = 65_536


class Answer(StrEnum):
    """What is known of a signature."""

    UNVERIFIED = "UNVERIFIED"
    VALID = "VALID"
    INVALID = "INVALID"


class Verdict(Struct, frozen=True, forbid_unknown_fields=True):
    """A verifier's answer, and in its own words why."""

    answer: Answer
    detail: str = ""


class Verifier(Protocol):
    """Verifies a detached signature over exactly these bytes."""

    async def verify(self, *, document: bytes, signature: bytes, authority: bytes | None) -> Verdict:
        """VALID or INVALID; raises SettlementError VERIFIER_FAILED without an answer."""


class CommandVerifier:
    """Runs a program as `PROGRAM… DOCUMENT SIGNATURE [AUTHORITY]`, three files in a folder of their own.

    It ends with exit code 0 and prints one JSON object, {"answer": "VALID" or "INVALID", "detail": text}.
    Anything else is no answer, and so is one that takes longer than `timeout_s`.
    """

    def __init__(self, program: Sequence[str], timeout_s: float = TIMEOUT_S) -> None:
        self._program = tuple(program)
        self._timeout_s = timeout_s

    async def verify(self, *, document: bytes, signature: bytes, authority: bytes | None) -> Verdict:
        with tempfile.TemporaryDirectory(prefix="tillgate-signature-") as folder:
            files = {"document": document, "signature.p7s": signature}
            if authority is not None:
                files["authority.xml"] = authority
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            said = await self._run([str(Path(folder) / name) for name in files])
        try:
            verdict = msgspec.json.decode(said, type=Verdict)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _failed("no JSON of an answer") from None
        if verdict.answer is Answer.UNVERIFIED:
            raise _failed("UNVERIFIED")
        return verdict

    async def _run(self, files: Sequence[str]) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, *files,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise _failed(str(error)) from None
        try:
            async with asyncio.timeout(self._timeout_s):
                said = await _read_all(process)
                status = await process.wait()
        except TimeoutError:
            raise _failed(f"not within {self._timeout_s:g} s") from None
        finally:
            # With whatever it started: its session is its own.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if status != 0:
            raise _failed(f"exit code {status}")
        return said


async def _read_all(process: asyncio.subprocess.Process) -> bytes:
    out = process.stdout
    said = bytearray()
    while out is not None and (more := await out.read(_SAID_MAX_BYTES)):
        said += more
        if len(said) > _SAID_MAX_BYTES:
            raise _failed(f"more than {_SAID_MAX_BYTES} bytes")
    return bytes(said)


def _failed(what: str) -> SettlementError:
    return SettlementError(SigningCode.VERIFIER_FAILED, what=what)
