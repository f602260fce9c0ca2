"""Strangers who knock with certificates of an authority of their own: handshakes that cost, and never get in.

A process of the bench: `python -m loadtests.bench.strangers <port> <folder> <a second>` knocks until it is
written a line, says on one line of JSON what came of it, and ends.
"""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.registry.pki import IssuingAuthority
from loadtests.bench.processes import child

AT_ONCE_MAX: Final = 4_096
"""Beyond it a knock is left out: who waits for an answer does not knock again."""
STRANGERS_ADDRESS: Final = "127.0.0.66"
"""They are elsewhere: a door may hang up on an address that fails too often, and honest tills have others."""

ANSWER_TIMEOUT_S: Final = 10.0
_GREETING: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"


class Strangers:
    """The process, while it knocks."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def end(self) -> dict[str, float]:
        """Stop it; returns `tries_per_s`, and `heard`, how many were let in."""
        said, _ = self._process.communicate(b"\n")
        found: dict[str, float] = json.loads(said)
        return found


def make_stranger(folder: Path) -> None:
    """A client's key and certificate, of an authority that nobody trusts, as stranger.pem."""
    now = datetime.now(UTC)
    issued = IssuingAuthority.create(folder / "authority", now).issue_client("terminal-1", now)
    (folder / "stranger.pem").write_bytes(issued.key_pem + issued.chain_pem)


@contextmanager
def strangers(port: int, folder: Path, per_s: float) -> Iterator[Strangers]:
    """So many knocks a second at a port, until the context ends."""
    command = [sys.executable, "-m", "loadtests.bench.strangers", str(port), str(folder), str(per_s)]
    with child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the strangers did not start; their error is above")
        yield Strangers(process)


def stranger_context(folder: Path) -> ssl.SSLContext:
    """TLS of a client that shows a stranger's certificate, and does not care whom it speaks to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.load_cert_chain(folder / "stranger.pem")
    return context


async def is_heard(port: int, context: ssl.SSLContext) -> bool:
    """Whether a door listens on after a handshake: with TLS 1.3 a client learns only then of its refusal."""
    writer = None
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, local_addr=(STRANGERS_ADDRESS, 0)
            )
            writer.write(_GREETING)
            return bool(await reader.read(1))
    except OSError:  # TimeoutError and those of TLS are among them
        return False
    finally:
        if writer is not None:
            writer.transport.abort()


async def _knock(port: int, folder: Path, per_s: float) -> dict[str, Any]:
    context = stranger_context(folder)
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    told = loop.run_in_executor(None, sys.stdin.readline)
    began, tries, heard = loop.time(), 0, 0
    knocks: set[asyncio.Task[bool]] = set()
    while not told.done():
        if len(knocks) < AT_ONCE_MAX:
            knocks.add(asyncio.create_task(is_heard(port, context)))
            tries += 1
        await asyncio.sleep(max(0.0, began + tries / per_s - loop.time()))
        ended = {knock for knock in knocks if knock.done()}
        knocks -= ended
        heard += sum(knock.result() for knock in ended)
    elapsed_s = loop.time() - began
    heard += sum(await asyncio.gather(*knocks))
    return {"tries_per_s": tries / elapsed_s, "heard": heard}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_knock(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))))
