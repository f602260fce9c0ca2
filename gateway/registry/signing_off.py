"""Who does a thing and who approves it: two people where the register wants four eyes.

Names are compared as they are written, but for case and spaces around: whoever has sessions gives the names
of their accounts.
"""

from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError


def said(**texts: str) -> tuple[str, ...]:
    """Each text without spaces around it; raises EnrolmentError UNSIGNED for one that is empty."""
    stripped = {name: " ".join(text.split()) for name, text in texts.items()}
    for name, text in stripped.items():
        if not text:
            raise EnrolmentError(EnrolmentCode.UNSIGNED, what=name)
    return tuple(stripped.values())


def four_eyes(by: str, approved_by: str) -> tuple[str, str]:
    """Both names; raises EnrolmentError UNSIGNED, and FOUR_EYES if one person is named twice."""
    by, approved_by = said(by=by, approved_by=approved_by)
    if by.casefold() == approved_by.casefold():
        raise EnrolmentError(EnrolmentCode.FOUR_EYES, by=by)
    return by, approved_by
