"""Finds made-up card numbers in bytes: plain, spaced, hex, base64, and as unkeyed digests.

Every number of tests begins with one reserved prefix, so all but digests are found without a list of numbers.
A digest is found by the list: each form of each number has its digests, each of these is looked up by its
first bytes in a set, so the cost does not grow with the list.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import new
from typing import IO, Final

from loadtests.cards import CARD_BIN, made_up_number

BLOCK_BYTES: Final = 1 << 22
OVERLAP_BYTES: Final = 256
"""More than the longest form of a number: 19 digits with separators of three bytes between them in hex."""

DIGESTS: Final = ("md5", "sha1", "sha256")
DIGITS: Final = (16, 19)
MADE_UP: Final = tuple(made_up_number(n, digits) for digits in DIGITS for n in range(200))
"""Those that kits hand out."""

_KEY_BYTES: Final = 8
# A blank, a hyphen, a dot, and the blanks of Unicode that people type between groups.
_GAP: Final = rb"(?:[ .\-\t]|\xc2\xa0|\xe2\x80[\x80-\x8a\xaf])?"
_AFTER: Final = (6, 13)
"""Digits behind the prefix: card numbers have 12 to 19."""


def _plain() -> re.Pattern[bytes]:
    prefix = _GAP.join(digit.encode() for digit in CARD_BIN)
    # A longer number is another thing, as is a fraction of a second.
    return re.compile(rb"(?<![0-9.])%s(?:%s[0-9]){%d,%d}(?![0-9])" % (prefix, _GAP, *_AFTER))


def _wide() -> re.Pattern[bytes]:
    """The same in UTF-16 of either order."""
    return re.compile(
        b"\\x00?".join(digit.encode() for digit in CARD_BIN) + rb"(?:\x00[0-9]){%d}" % _AFTER[0]
    )


def _hex() -> re.Pattern[bytes]:
    gap = rb"(?:20|2d|2D|c2a0|C2A0)?"
    prefix = gap.join(digit.encode().hex().encode() for digit in CARD_BIN)
    return re.compile(prefix + rb"(?:%s3[0-9]){%d}" % (gap, _AFTER[0]))


def _base64() -> re.Pattern[bytes]:
    """The prefix wherever it may stand in what is encoded, and a code of more digits behind it.

    Digits use no letter in which the two alphabets of base64 differ.
    """
    forms = []
    for before in range(3):
        encoded = b64encode(b"\0" * before + CARD_BIN.encode() + b"0" * _AFTER[0])
        # Only letters that no neighbour has a share in.
        first = (8 * before + 5) // 6
        last = 8 * (before + len(CARD_BIN)) // 6
        forms.append(re.escape(encoded[first:last]))
    return re.compile(rb"(?:%s)[A-Za-z0-9]{%d}" % (b"|".join(forms), _AFTER[0]))


_PATTERNS: Final = {"plain": _plain(), "wide": _wide(), "hex": _hex(), "base64": _base64()}
_HEX_RUN: Final = re.compile(rb"[0-9A-Fa-f]{32,}")
_BASE64_RUN: Final = re.compile(rb"[A-Za-z0-9+/_\-]{22,}")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True)
class Finding:
    """Where something was found, and in which form; what was found is not repeated."""

    source: str
    form: str
    offset: int

    def __str__(self) -> str:
        return f"{self.source}: a card number, {self.form}, at byte {self.offset}"


class CardScanner:
    """Looks for numbers: all with the reserved prefix, and digests of those in `numbers`."""

    def __init__(self, numbers: Iterable[str] = MADE_UP) -> None:
        self._hex: dict[bytes, set[bytes]] = {}
        self._base64: dict[bytes, set[bytes]] = {}
        self._raw: dict[bytes, set[bytes]] = {}
        for number in numbers:
            for form in _forms(number):
                for name in DIGESTS:
                    digest = new(name, form, usedforsecurity=False).digest()
                    _add(self._raw, digest)
                    _add(self._hex, digest.hex().encode())
                    _add(self._base64, b64encode(digest).rstrip(b"="))

    def scan(self, source: str, data: bytes) -> Iterator[Finding]:
        """Everything that is found in bytes."""
        for form, pattern in _PATTERNS.items():
            yield from (Finding(source, form, found.start()) for found in pattern.finditer(data))
        if not self._raw:
            return
        for run in _HEX_RUN.finditer(data):
            yield from self._look_up(source, "a digest in hex", run[0].lower(), self._hex, run.start())
        for run in _BASE64_RUN.finditer(data):
            letters = run[0].translate(_URL_SAFE)
            yield from self._look_up(source, "a digest in base64", letters, self._base64, run.start())
        if not _is_text(data):
            yield from self._look_up(source, "a digest", data, self._raw, 0)

    def scan_stream(self, source: str, file: IO[bytes]) -> Iterator[Finding]:
        """The same of a file of any size, in bounded memory; what lies across two blocks is found."""
        before, began = b"", 0
        seen: set[tuple[str, int]] = set()
        while block := file.read(BLOCK_BYTES):
            data = before + block
            for found in self.scan(source, data):
                place = (found.form, began + found.offset)
                if place not in seen:
                    seen.add(place)
                    yield Finding(source, *place)
            before = data[-OVERLAP_BYTES:]
            began += len(data) - len(before)

    def _look_up(
        self, source: str, form: str, data: bytes, known: dict[bytes, set[bytes]], began: int
    ) -> Iterator[Finding]:
        for at in range(len(data) - _KEY_BYTES + 1):
            candidates = known.get(data[at : at + _KEY_BYTES])
            if candidates and any(data.startswith(one, at) for one in candidates):
                yield Finding(source, form, began + at)


def _forms(number: str) -> Iterator[bytes]:
    """How people and programs write a number before they hash it."""
    groups = [number[start : start + 4] for start in range(0, len(number), 4)]
    for text in (number, " ".join(groups), "-".join(groups), f"{number}\n"):
        yield text.encode()
    yield number.encode("utf-16-le")


def _add(known: dict[bytes, set[bytes]], needle: bytes) -> None:
    known.setdefault(needle[:_KEY_BYTES], set()).add(needle)


def _is_text(data: bytes) -> bool:
    # A block may begin or end amid a character.
    return b"\0" not in data and not data.decode("utf-8", "replace")[4:-4].count("\ufffd")
