"""One module for each parser, with `check(data)`: it may raise nothing but what it does not catch itself.

A target lets a parser read any bytes, catches the errors that the parser names in its own contract, and
asserts what must hold of what was read. Anything else is a finding.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import gettempdir
from typing import Final

Check = Callable[[bytes], object]

NAMES: Final = tuple(sorted(module.name for module in iter_modules(__path__)))
CORPUS: Final = Path(__file__).parent.parent / "corpus"

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (files that live for a microsecond)


def check_of(name: str) -> Check:
    """The check of a target by its module's name, or of any module by its dotted one."""
    check: Check = import_module(name if "." in name else f"{__name__}.{name}").check
    return check


def scratch() -> Path:
    """Where parsers that read files find theirs: in memory if possible, since each run writes one."""
    return _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else Path(gettempdir())
