"""Logs: one structured line an event, on stderr, and never a card number in it.

The code does not log card numbers; `redact` is the last resort, for what a library or an exception brings.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import IO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

# A card number is 13 to 19 digits, in groups or not. Request ids and digests may hold as many digits by
# chance and are needed whole: a match on their shape comes first and is left alone.
_LONG_NUMBERS = re.compile(
    r"(?P<identifier>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b(?=[0-9]*[a-f])[0-9a-f]{32,}\b)"
    r"|(?<![0-9])[0-9](?:[ \u00a0-]?[0-9]){12,18}(?![0-9])"
)


def redact_text(text: str) -> str:
    """The text with everything that looks like a card number taken out."""
    # A lone surrogate, as a broken file name may bring, would be refused by the encoder of the line.
    writable = text.encode("utf-8", "backslashreplace").decode()
    return _LONG_NUMBERS.sub(lambda match: match["identifier"] or REDACTED, writable)


def redact(value: object) -> object:
    """A copy of a value to be logged, redacted in all its texts; numbers, which are ids and sums, stay."""
    if value is None or isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 64):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {redact_text(str(key)): redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return redact_text(str(value))


def configure_logging(level: str, *, json_lines: bool, stream: IO[str] | None = None) -> None:
    """Sends structlog's and the standard library's records, from `level` on, to one stream (stderr)."""
    target = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.format_exc_info,
        _redact_event,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_json_text)
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    # Names that begin with an underscore are structlog's own and are removed before the line is written.
    return {key: value if key.startswith("_") else redact(value) for key, value in event.items()}


def _json_text(event: object, **_: object) -> str:
    return orjson.dumps(event).decode()
