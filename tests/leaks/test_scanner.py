"""The scanner finds each planted form, wherever it lies, and takes nothing else for one."""

import hashlib
import io
import random
from base64 import b64encode, urlsafe_b64encode

import pytest

from loadtests.cards import made_up_number
from tests.leaks import scanner as module
from tests.leaks.scanner import DIGESTS, OVERLAP_BYTES, CardScanner

SCANNER = CardScanner()
NUMBERS = [made_up_number(7), made_up_number(123, 19)]
FILLING = b'{"at":"2026-11-23T16:53:22.964310Z","line":["10.71.11.110", 4006381333931]}\n'


def spaced(number: str, gap: str) -> str:
    """A number in groups of four."""
    return gap.join(number[start : start + 4] for start in range(0, len(number), 4))


def forms() -> dict[str, bytes]:
    """Every form of two numbers in which one may leak."""
    made = {}
    for number in NUMBERS:
        raw, size = number.encode(), len(number)
        made[f"{size} plain"] = raw
        for name, gap in (
            ("blank", " "),
            ("hyphen", "-"),
            ("hard blank", "\u00a0"),
            ("thin blank", "\u202f"),
        ):
            made[f"{size} {name}"] = spaced(number, gap).encode()
        made[f"{size} utf-16"] = number.encode("utf-16-le")
        made[f"{size} hex"] = raw.hex().encode()
        made[f"{size} HEX of spaced"] = spaced(number, " ").encode().hex().upper().encode()
        made[f"{size} bytea of json"] = b"\\x" + b'{"number":"%s"}'.replace(b"%s", raw).hex().encode()
        for before in (b"", b"a", b"ab", b'{"card": "'):
            made[f"{size} base64 behind {len(before)}"] = b64encode(before + raw + b'"}')
            made[f"{size} urlsafe behind {len(before)}"] = urlsafe_b64encode(before + raw).rstrip(b"=")
        for name in DIGESTS:
            for written in (number, spaced(number, " ")):
                digest = hashlib.new(name, written.encode()).digest()
                made[f"{size} {name} hex of {written[4:5]!r}"] = digest.hex().encode()
                made[f"{size} {name} HEX of {written[4:5]!r}"] = b"\\x" + digest.hex().upper().encode()
                made[f"{size} {name} base64 of {written[4:5]!r}"] = b64encode(digest)
                made[f"{size} {name} urlsafe of {written[4:5]!r}"] = urlsafe_b64encode(digest).rstrip(b"=")
                made[f"{size} {name} raw of {written[4:5]!r}"] = b"\0\xff" + digest
    return made


FORMS = forms()


@pytest.mark.parametrize("form", list(FORMS.values()), ids=list(FORMS))
def test_each_planted_form_is_found(form: bytes) -> None:
    """Amid other lines, at the very beginning, and at the very end."""
    for data in (FILLING + form + b"\n" + FILLING, form, FILLING + b":" + form):
        found = list(SCANNER.scan("a log", data))
        assert found
        assert not any(number in str(found) for number in NUMBERS)


@pytest.mark.parametrize("form", list(FORMS.values()), ids=list(FORMS))
def test_what_lies_across_two_blocks_is_found(form: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the cut is, and it is told with its place, once."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 2 * OVERLAP_BYTES)
    for cut in range(0, len(form) + 1, 5):
        data = (b"z\n" * OVERLAP_BYTES)[cut:] + b"\n" + form + b"\n" + b"z\n" * OVERLAP_BYTES
        found = [*SCANNER.scan_stream("a dump", io.BytesIO(data))]
        assert found
        assert len(found) == len(set(found))
        assert all(2 * OVERLAP_BYTES - cut <= one.offset < len(data) - 2 * OVERLAP_BYTES for one in found)


def test_all_that_a_gateway_writes_otherwise_is_no_finding() -> None:
    """Ids, digests, keyed tokens, times, amounts, other long numbers: a megabyte of them by chance."""
    chance = random.Random(7)
    lines = [FILLING, b"9643101", b"19643100000000000071234567", b"96431", b"00964310000000000712345678901"]
    for _ in range(6_000):
        raw = chance.randbytes(32)
        lines += [raw.hex().encode(), b64encode(raw), str(chance.getrandbits(63)).encode()]
    assert [] == list(SCANNER.scan("a dump", b"\n".join(lines)))
    assert [] == list(SCANNER.scan("a file", chance.randbytes(1 << 18)))


def test_a_digest_of_a_number_that_is_not_listed_is_found_once_it_is() -> None:
    """A digest does not show its prefix: tests with numbers of their own must name them."""
    number = "9643109999999999"
    data = hashlib.sha256(number.encode()).hexdigest().encode()
    assert [] == list(SCANNER.scan("a dump", data))
    assert ["a digest in hex"] == [one.form for one in CardScanner([number]).scan("a dump", data)]
