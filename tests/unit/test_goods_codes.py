"""ОКПД2 prefixes: which codes a code belongs to. Codes and names are rows of the published table."""

import pytest

from gateway.domain.category import OKPD2_FORM, is_undivided_subclass, prefixes_longest_first


@pytest.mark.parametrize(
    ("code", "prefixes"),
    [
        ("11", ("11",)),
        ("10.5", ("10.5", "10")),
        ("11.07", ("11.07", "11")),
        ("10.51", ("10.51", "10.5", "10")),
        ("11.07.1", ("11.07.1", "11.07", "11")),
        ("11.07.11", ("11.07.11", "11.07.1", "11.07", "11")),
        ("11.05.10.110", ("11.05.10.110", "11.05.10", "11.05.1", "11.05", "11")),
        ("11.01.10.111", ("11.01.10.111", "11.01.10.110", "11.01.10", "11.01.1", "11.01", "11")),
        ("12.00.11.130", ("12.00.11.130", "12.00.11", "12.00.1", "12.00", "12")),
    ],
)
def test_a_code_belongs_to_the_levels_of_the_classification_above_it(
    code: str, prefixes: tuple[str, ...]
) -> None:
    """Levels have 2, 3, 4, 5, 6 and 9 digits; no other cut of a code is one."""
    assert prefixes == prefixes_longest_first(code)


def test_a_category_covers_its_subcategories_and_no_other_category() -> None:
    """11.01.10.110 vodkas covers 11.01.10.111 vodka, and not 11.01.10.120 grape vodkas."""
    assert "11.01.10.110" in prefixes_longest_first("11.01.10.111")
    assert "11.01.10.110" not in prefixes_longest_first("11.01.10.120")
    assert "12.00.19.100" not in prefixes_longest_first("12.00.19.110")


@pytest.mark.parametrize("code", ["11.01", "11.05.10.120", "11.07.11.121", "11.07.19.121", "11.06.10.110"])
def test_the_undivided_subclass_is_a_prefix_of_nothing(code: str) -> None:
    """11.0 is all of class 11, beer and water together: no rule may reach goods through it."""
    assert "11.0" not in prefixes_longest_first(code)
    assert ("11",) == prefixes_longest_first("11.0")


def test_only_a_subclass_zero_is_undivided() -> None:
    """11.0, 12.0, 31.0 are whole classes; 10.5 is a subclass among others, 01.30 a group."""
    assert [True, True, True] == [is_undivided_subclass(code) for code in ("11.0", "12.0", "31.0")]
    assert [False] * 4 == [is_undivided_subclass(code) for code in ("10.5", "11", "01.30", "11.07.1")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1107",
        "11.",
        "11.071",
        "11.07.111",
        "11.07.11.11",
        "11.07.11.1100",
        "11.O7",
        "١١.٠٧",
        "11.07\n",
    ],
)
def test_what_has_another_number_of_digits_is_no_code(text: str) -> None:
    """Nothing but the six levels is well-formed, and digits are ASCII."""
    assert OKPD2_FORM.fullmatch(text) is None
