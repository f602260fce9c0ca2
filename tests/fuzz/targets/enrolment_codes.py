"""One-time codes of enrolment as people type them."""

from gateway.registry.keys.codes import ALPHABET, Code


def check(data: bytes) -> None:
    """What is read is shown in one form, which is read as the same code."""
    code = Code.read(data.decode("utf-8", "replace"))
    if code is None:
        return
    assert Code.read(code.text) == code
    assert set(code.name + code.secret) <= set(ALPHABET)
    assert code.secret not in repr(code)
