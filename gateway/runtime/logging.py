"""Logs: one structured line an event, on stderr, and never a card number in it.

The code does not log card numbers; `redact` is the last resort, for what a library or an exception brings.
"""

import asyncio
import logging
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import IO, Any, Final
from uuid import UUID

import msgspec
import orjson
import structlog
from msgspec import Struct
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"
CARD_DIGITS_MIN: Final = 13
_INT_MAX: Final = 2**63 - 1

# A card number is 13 to 19 digits, in groups or not. Request ids and digests may hold as many digits by
# chance and are needed whole: a match on their shape comes first and is left alone.
_LONG_NUMBERS = re.compile(
    r"(?P<identifier>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b(?=[0-9]*[a-f])[0-9a-f]{32,}\b)"
    r"|(?<![0-9])[0-9](?:[ \u00a0-]?[0-9]){12,18}(?![0-9])"
)


def redact_text(text: str) -> str:
    """The text with everything that looks like a card number taken out."""
    if len(text) < CARD_DIGITS_MIN and text.isascii():
        return text
    # A lone surrogate, as a broken file name may bring, would be refused by the encoder of the line.
    writable = text.encode("utf-8", "backslashreplace").decode()
    return _LONG_NUMBERS.sub(lambda match: match["identifier"] or REDACTED, writable)


def redact(value: object) -> object:
    """A copy of a value to be logged, redacted in all its texts; numbers, which are ids and sums, stay."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 64):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {redact_text(str(key)): redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return redact_text(str(value))


class LogStream:
    """Writes lines to a stream: those of one turn of an event loop together, all others at once.

    What a turn has logged is lost only if the process is killed, or dies in native code, before the turn
    ends; warnings and errors never wait for that. Any thread may write.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._flushing = Lock()
        self._due_in: asyncio.AbstractEventLoop | None = None

    def write(self, line: str, *, is_urgent: bool) -> None:
        """Add one line, without its end."""
        self._waiting.append(line)
        if is_urgent:
            self.flush()
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if self._due_in is not loop:
            self._due_in = loop
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is waiting."""
        with self._flushing:
            self._due_in = None
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if lines:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()


class _Logger:
    """What structlog hands finished lines to: one method a level."""

    def __init__(self, target: LogStream, name: str) -> None:
        self.name = name
        self._target = target

    def info(self, line: str) -> None:
        self._target.write(line, is_urgent=False)

    def error(self, line: str) -> None:
        self._target.write(line, is_urgent=True)

    debug = info
    warning = critical = error


class _Handler(logging.Handler):
    """Brings the standard library's records, which are those of other libraries, to the same stream."""

    def __init__(self, target: LogStream) -> None:
        super().__init__()
        self._target = target

    def emit(self, record: logging.LogRecord) -> None:
        self._target.write(self.format(record), is_urgent=record.levelno >= logging.WARNING)

    def flush(self) -> None:
        """At the end of the process too: the standard library then flushes its handlers."""
        self._target.flush()


def configure_logging(level: str, *, json_lines: bool, stream: IO[str] | None = None) -> None:
    """Sends structlog's and the standard library's records, from `level` on, to one stream (stderr)."""
    target = LogStream(stream or sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        _complete,
    ]
    renderer: Processor = (
        _json_line if json_lines else structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty())
    )
    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=lambda name="": _Logger(target, name),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )


def line_writer(name: str) -> Callable[[Struct], None] | None:
    """What writes whole lines of a logger at `info`, unredacted; None if the log is not one of JSON lines.

    For lines of which every message makes one, and which hold nothing but ids and words of closed sets:
    they spare themselves all that other events go through. What is bound to the context is bound now.
    """
    configuration = structlog.get_config()
    if configuration["processors"][-1] is not _json_line:
        return None
    if not structlog.get_logger(name).bind().is_enabled_for(logging.INFO):
        return lambda _: None
    logger: _Logger = configuration["logger_factory"](name)
    bound = "".join(
        f"{_encode(key).decode()}:{_encode(redact(value)).decode()},"
        for key, value in structlog.contextvars.get_contextvars().items()
    )
    return lambda line: logger.info(f"{{{bound}{_encode(line).decode()[1:]}")


_encode: Final = msgspec.json.Encoder().encode


def _complete(logger: Any, level: str, event: EventDict) -> EventDict:
    """Redacts the fields of an event, and adds its level, logger and time.

    One function for all of it, and no call for a field of a plain kind: every request comes through here.
    """
    for key, value in event.items():
        kind = type(value)
        if kind is str:
            if len(value) >= CARD_DIGITS_MIN or not value.isascii():
                event[key] = redact_text(value)
        elif kind is int:
            if not -_INT_MAX <= value <= _INT_MAX:
                event[key] = redact(value)
        elif kind is UUID:
            event[key] = str(value)
        # Names that begin with an underscore are structlog's own and are removed before the line is written.
        elif kind is not float and not key.startswith("_"):
            event[key] = redact(value)
    record: logging.LogRecord | None = event.get("_record")
    event["level"] = level
    event["logger"] = logger.name if record is None else record.name
    event["timestamp"] = datetime.now(UTC).isoformat()[: -len("+00:00")] + "Z"
    return event


def _json_line(_: WrappedLogger, __: str, event: EventDict) -> str:
    return orjson.dumps(event).decode()
