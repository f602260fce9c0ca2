"""One-time codes: read as typed, and wrong ones told before a try is spent."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.registry.keys.codes import ALPHABET, Code

SALT = bytes(16)


def test_a_code_is_read_as_it_is_shown() -> None:
    """In any case, with or without its hyphens, with letters for digits."""
    for _ in range(50):
        code = Code.make()
        typed = code.text.lower().replace("0", "o").replace("1", "l")
        assert [code, code, code] == [
            Code.read(text) for text in (code.text, typed, code.text.replace("-", " "))
        ]


def test_a_code_has_the_strength_that_was_asked_for() -> None:
    """128 bits of secret at least, besides the 40 of its name; and none is like another."""
    made = {Code.make().text for _ in range(200)}
    code = Code.make()
    assert (200, 8) == (len(made), len(code.name))
    assert len(ALPHABET) ** len(code.secret) >= 2**128


def test_a_code_shows_its_secret_to_nobody() -> None:
    """Neither in a log nor in a traceback."""
    code = Code.make()
    assert code.secret not in repr(code)
    assert code.hashed(SALT) != code.hashed(bytes(15) + b"\1")
    assert code.secret.encode() not in code.hashed(SALT)


def test_every_wrong_symbol_is_seen() -> None:
    """A slip of the finger costs no try."""
    code = Code.make()
    symbols = code.text.replace("-", "")
    for place in range(len(symbols)):
        wrong = secrets.choice(ALPHABET.replace(symbols[place], ""))
        assert Code.read(symbols[:place] + wrong + symbols[place + 1 :]) is None


@given(st.text(max_size=120))
def test_nothing_else_is_a_code(text: str) -> None:
    """Whatever is typed, it is a code or it is none; never an error."""
    found = Code.read(text)
    assert found is None or found == Code.read(found.text)


@pytest.mark.parametrize("text", ["", "-" * 10_000, "A" * 35 + "\0", "Ａ" * 35, "0" * 34, "U" * 35])
def test_what_is_no_code_is_none(text: str) -> None:
    """Too long, too short, of other alphabets."""
    assert Code.read(text) is None
