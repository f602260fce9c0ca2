"""The synchronous client is the asynchronous one, translated."""

import inspect

import pytest

from merchant_sdk import SyncTillClient, TillClient
from merchant_sdk._generate_sync import PACKAGE, generate, translate


def test_the_synchronous_client_is_freshly_generated() -> None:
    """`python -m merchant_sdk._generate_sync` would change nothing, and no file is left over."""
    made = generate()
    assert made == {path: path.read_text(encoding="utf-8") for path in (PACKAGE / "_sync").glob("*.py")}


def test_nothing_asynchronous_is_left_in_the_translation() -> None:
    """Each construct that the source uses has its synchronous twin."""
    for text in generate().values():
        assert not [word for word in ("async", "await", "aio") if word in text.split()]
        assert "asyncio" not in text


@pytest.mark.parametrize("name", [name for name in dir(TillClient) if not name.startswith("_")])
def test_both_clients_take_the_same_arguments(name: str) -> None:
    """Whoever knows one knows the other."""
    ours = inspect.signature(getattr(TillClient, name))
    twins = inspect.signature(getattr(SyncTillClient, name))
    assert list(ours.parameters.values()) == list(twins.parameters.values())


def test_a_translation_keeps_what_is_no_part_of_it() -> None:
    """Names and texts that only look similar stay."""
    source = 'def awaiting() -> str:\n    return "asynchrony"\n'
    assert source == translate(source)
