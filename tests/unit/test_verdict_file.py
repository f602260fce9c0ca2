"""Files of verdicts, as a spreadsheet saves them: read by row, and refused by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.claims.model import LineVerdict
from settlement.errors import SettlementError
from settlement.review.verdict_file import BYTES_MAX, read_verdicts
from settlement.review.verdicts import Verdict

TEXT = """n;verdict;reason
1;APPROVED;
 2 ;отказано;чека нет

3;Отказано  окончательно;=1+1
4;approved""".replace("\n", "\r\n")
READ = [
    Verdict(1, LineVerdict.APPROVED),
    Verdict(2, LineVerdict.REFUSED, "чека нет"),
    Verdict(3, LineVerdict.REFUSED_FOR_GOOD, "=1+1"),
    Verdict(4, LineVerdict.APPROVED),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_file_is_read_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    """With or without a heading and a mark, in words of both languages, without a reason's cell."""
    assert READ == read_verdicts(TEXT.encode(encoding))
    assert READ == read_verdicts(TEXT.partition("\n")[2].encode(encoding))


@pytest.mark.parametrize(("text", "row"), [
    ("1;APPROVED\nx;APPROVED;", 2),
    ("1;maybe;", 1),
    ("1;APPROVED;;", 1),
    ("1", 1),
    ("-1;APPROVED;", 1),
    ("٣;APPROVED;", 1),
    ("2147483648;APPROVED;", 1),
    ('1;REFUSED;"a"b', 1),
    ('1;REFUSED;"never ended', 1),
    (f"1;REFUSED;{'a' * 200_000}", 1),
])  # fmt: skip
def test_what_is_wrong_is_named_by_its_row(text: str, row: int) -> None:
    """A line's number, a verdict, too many cells or too few, quotes, a cell without end."""
    with pytest.raises(SettlementError) as error:
        read_verdicts(text.encode())
    assert ("FILE_MALFORMED", row) == (error.value.code.name, error.value.details["row"])


def test_a_file_beyond_its_size_is_not_read() -> None:
    """Nor one in no encoding of ours."""
    with pytest.raises(SettlementError, match="FILE_TOO_LARGE"):
        read_verdicts(bytes(BYTES_MAX + 1))
    with pytest.raises(SettlementError, match="FILE_MALFORMED"):
        read_verdicts(b"1;\x98")


@given(st.binary(max_size=200))
def test_any_bytes_are_verdicts_or_refused_by_name(data: bytes) -> None:
    """Nothing else comes out."""
    try:
        read = read_verdicts(data)
    except SettlementError:
        return
    assert all(0 <= one.n < 1 << 31 for one in read)
