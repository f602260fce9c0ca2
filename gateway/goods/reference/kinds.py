"""Which lists there are, and the states that a version of one goes through."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """One list, of which versions follow each other."""

    PROHIBITED = "prohibited"
    CLASSES = "classes"
    PROGRAMS = "programs"
    OKPD2 = "okpd2"
    CATALOGUE = "catalogue"
    NAMES = "names"


BY_LAW: Final = frozenset({Kind.PROHIBITED, Kind.CLASSES, Kind.PROGRAMS})
"""What decides by itself what points buy, so that shops get a notice; the others say what goods are."""

ONE_AFTER_ANOTHER: Final = frozenset({Kind.PROGRAMS, Kind.CATALOGUE})
"""Kinds of which a version builds on the last published one: it cannot come into force before that."""


class State(StrEnum):
    """What was done to a version. Of published ones time alone says which is in force."""

    DRAFT = "DRAFT"
    REHEARSED = "REHEARSED"
    PUBLISHED = "PUBLISHED"
    DISCARDED = "DISCARDED"


OPEN: Final = frozenset({State.DRAFT, State.REHEARSED})


class Standing(StrEnum):
    """What a version is at an instant, as people read it."""

    DRAFT = "DRAFT"
    REHEARSED = "REHEARSED"
    ANNOUNCED = "ANNOUNCED"
    IN_FORCE = "IN FORCE"
    SUPERSEDED = "SUPERSEDED"
    DISCARDED = "DISCARDED"
