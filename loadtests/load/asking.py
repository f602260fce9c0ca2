"""The tills' side of the stage: asks for a line to break, or for a worker to be restarted."""

import socket
from typing import Self

from loadtests.demo.lossy import Loss
from loadtests.load.stage import LOST


class StageLine:
    """A connection to the stage. Under gevent its waits let other tills work."""

    def __init__(self, port: int, terminal_id: int = 0) -> None:
        self._terminal_id = terminal_id
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def break_next(self, loss: Loss) -> None:
        """Lose the next request of the terminal, or the answer to it, and the connection with it."""
        self._ask(f"break {self._terminal_id} {loss.value}")

    def mend(self) -> bool:
        """Lose nothing more; True if something was lost."""
        return self._ask("mend") == LOST

    def restart_worker(self) -> str:
        """Restart one worker of the gateway; says which one, and by whom it was replaced."""
        return self._ask("restart").decode().strip()

    def _ask(self, text: str) -> bytes:
        self._socket.sendall(f"{text}\n".encode())
        return self._answers.readline()
