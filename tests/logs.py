"""How tests log, and how a test that configures logging puts it back."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

# One list for all tests: `capture_logs` changes the configured list in place, and a logger that a fixture
# of a module bound before must see the change.
_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.format_exc_info,
    structlog.dev.ConsoleRenderer(colors=False),
]


def log_as_tests() -> None:
    """Errors are logged as a gateway logs them: structlog by itself shows values of variables."""
    structlog.reset_defaults()
    structlog.configure(processors=_PROCESSORS)


@contextmanager
def logging_put_back() -> Iterator[None]:
    """Every command configures logging; afterwards it is as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    log_as_tests()
