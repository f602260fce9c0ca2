"""Whether the gateway may be given work: named checks, and red before a graceful stop drains."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

Check = Callable[[], Awaitable[None]]
"""Returns if all is well, else raises; the text of the error is shown."""

CHECK_TIMEOUT_S: Final = 2.0
OK: Final = "ok"


class NotReadyError(Exception):
    """A check's own words for what is wrong, shown as they are."""


class Readiness:
    """Runs the checks that were passed in, all at once, each for CHECK_TIMEOUT_S at most."""

    def __init__(self, checks: Mapping[str, Check], timeout_s: float = CHECK_TIMEOUT_S) -> None:
        self._checks = dict(checks)
        self._timeout_s = timeout_s
        self._is_draining = False

    def start_draining(self) -> None:
        """Not ready from now on: a balancer sends its next work elsewhere."""
        self._is_draining = True

    async def report(self) -> dict[str, str]:
        """What each check says: "ok", or what is wrong. "draining" is one of them."""
        results = await asyncio.gather(*(self._result_of(check) for check in self._checks.values()))
        said = dict(zip(self._checks, results, strict=True))
        return said | {"draining": "the gateway is stopping" if self._is_draining else OK}

    async def _result_of(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self._timeout_s):
                await check()
        except TimeoutError:
            return f"no answer within {self._timeout_s:g} s"
        except NotReadyError as error:
            return str(error)
        except Exception as error:
            # A probe must answer whatever a check runs into; the name of the check says where.
            return f"{type(error).__name__}: {error}"
        return OK
