"""Card tokens: one card, one token, and no way back to the number."""

import base64
import json
import logging
import pickle
from pathlib import Path

import pytest

from gateway.registry.cards import CardNumberError, CardTokenKeys, card_token
from gateway.registry.secret_files import SecretFileError

NUMBER = "9643101234567890"
KEYS = CardTokenKeys("card-1", bytes(range(32)))


def test_a_token_is_the_keyed_hash_of_number_and_series() -> None:
    """The value (computed with openssl) is fixed: cards that are bound today must be found for years."""
    expected = "bb3db690b719ac4cef05f88d0e9e7814ecbbfaab0023d421ca2446578dca0695"
    assert expected == card_token(NUMBER, "77", KEYS).hex()


@pytest.mark.parametrize(
    "number",
    ["9643 1012 3456 7890", "9643-1012-3456-7890", " 9643101234567890 ", "9643\u00a01012\u202f34567890"],
)
def test_spaces_and_hyphens_of_a_number_do_not_count(number: str) -> None:
    """However a cashier types what is printed, it is the same card."""
    assert card_token(NUMBER, "77", KEYS) == card_token(number, "77", KEYS)


@pytest.mark.parametrize(("one", "other"), [("ab", "AB"), ("7 7", "77"), ("7-7", "77"), ("ма", "МА")])
def test_case_and_separators_of_a_series_do_not_count(one: str, other: str) -> None:
    """A series is compared by its letters and digits."""
    assert card_token(NUMBER, one, KEYS) == card_token(NUMBER, other, KEYS)


def test_a_re_issued_card_has_another_token() -> None:
    """The number stays and the series changes; the account outlives both."""
    assert card_token(NUMBER, "77", KEYS) != card_token(NUMBER, "78", KEYS)


def test_another_key_makes_another_token() -> None:
    """Without the key nobody can try numbers until one fits."""
    assert card_token(NUMBER, "77", KEYS) != card_token(NUMBER, "77", CardTokenKeys("card-1", bytes(32)))


def test_number_and_series_cannot_run_into_each_other() -> None:
    """A digit moved from the number to the series is another card."""
    assert card_token("123456789", "01", KEYS) != card_token("1234567890", "1", KEYS)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "12345678",
        "1" * 20,
        "96431012345678x0",
        "٩٦٤٣٩٠١٢٣٤",
        "9643101234567890\n",
        "²²²²²²²²²",
        "+9643101234",
    ],
)
def test_what_is_no_card_number_is_refused_without_repeating_it(number: str) -> None:
    """Nine to nineteen ASCII digits; the error goes to logs and must not carry the number there."""
    with pytest.raises(CardNumberError, match="9 to 19 digits") as refused:
        card_token(number, "", KEYS)
    assert not number or number not in str(refused.value)


def test_a_key_file_is_made_once_and_read_back(tmp_path: Path) -> None:
    """The file is the owner's alone, and holds the same key and name after a restart."""
    path = tmp_path / "keys" / "card.json"
    made = CardTokenKeys.create(path)
    assert 0o600 == path.stat().st_mode & 0o777
    assert made == CardTokenKeys.load(path)
    assert [path] == list(path.parent.iterdir())


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    """A new key in its place would orphan every card."""
    path = tmp_path / "card.json"
    first = CardTokenKeys.create(path)
    with pytest.raises(FileExistsError):
        CardTokenKeys.create(path)
    assert first == CardTokenKeys.load(path)


def test_two_keys_differ_in_name_and_value(tmp_path: Path) -> None:
    """A token is kept with the name of its key, so that a later key can be told apart."""
    one, other = CardTokenKeys.create(tmp_path / "1.json"), CardTokenKeys.create(tmp_path / "2.json")
    assert one.key_id != other.key_id
    assert one.key != other.key


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"key_id": "k", "key_base64": "###"}',
        '{"key_id": "k", "key_base64": 7}',
        json.dumps({"key_id": "k", "key_base64": base64.b64encode(b"short").decode()}),
        json.dumps({"key_id": "", "key_base64": base64.b64encode(bytes(32)).decode()}),
        json.dumps({"key_id": 1, "key_base64": base64.b64encode(bytes(32)).decode()}),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    """A short or damaged key must not quietly make other tokens."""
    path = tmp_path / "card.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SecretFileError, match=r"card\.json is no card token key file"):
        CardTokenKeys.load(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that others may have read is no secret any more."""
    path = tmp_path / "card.json"
    CardTokenKeys.create(path)
    path.chmod(mode)
    with pytest.raises(SecretFileError, match="chmod 600"):
        CardTokenKeys.load(path)


def test_an_absent_key_file_is_named(tmp_path: Path) -> None:
    """Production makes no key by itself: it says which file it misses."""
    with pytest.raises(SecretFileError, match=r"absent\.json: No such file"):
        CardTokenKeys.load(tmp_path / "absent.json")


def test_neither_key_nor_number_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """What a repr or a log shows of the keys is their name."""
    with caplog.at_level(logging.DEBUG):
        card_token(NUMBER, "77", KEYS)
    assert NUMBER not in caplog.text
    assert "CardTokenKeys(key_id='card-1')" == repr(KEYS)
    assert KEYS == pickle.loads(pickle.dumps(KEYS))  # noqa: S301 - our own bytes, for a spawned worker
