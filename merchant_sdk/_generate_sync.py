"""Generates the synchronous client from the asynchronous one: python -m merchant_sdk._generate_sync.

A line-by-line translation, so that what is proved of one client is true of the other. A test holds `_sync`
to what this makes.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent
HEADING: Final = "# Generated from {source} by `python -m merchant_sdk._generate_sync`; do not edit.\n"

_REPLACEMENTS: Final = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\bgrpc\.aio\.", "grpc."),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\basyncio\.Condition\b", "threading.Condition"),
    (r"\bimport asyncio\b", "import threading"),
    (r"\bTillClient\b", "SyncTillClient"),
    (r"\bmerchant_sdk\._async\b", "merchant_sdk._sync"),
    (r"\basynchronous\b", "synchronous"),
    (r" inside the running loop\b", ""),
)


def translate(text: str) -> str:
    """The synchronous twin of an asynchronous module, as ruff formats it."""
    for pattern, replacement in _REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    for arguments in (["check", "--select=I,UP028", "--fix", "--unsafe-fixes"], ["format"]):
        text = subprocess.run(
            [
                sys.executable,
                "-m",
                "ruff",
                *arguments,
                "--quiet",
                "--stdin-filename=merchant_sdk/_sync/any.py",
                "-",
            ],
            input=text,
            capture_output=True,
            check=True,
            text=True,
            cwd=PACKAGE.parent,
        ).stdout
    return text


def generate() -> dict[Path, str]:
    """The files of `_sync` by path, as they should be."""
    made = {}
    for source in sorted((PACKAGE / "_async").glob("*.py")):
        heading = HEADING.format(source=f"_async/{source.name}")
        made[PACKAGE / "_sync" / source.name] = heading + translate(source.read_text(encoding="utf-8"))
    return made


if __name__ == "__main__":
    for path, text in generate().items():
        path.write_text(text, encoding="utf-8")
