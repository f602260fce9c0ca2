"""Words and brands that tell of prohibited goods, and words that make such a word innocent.

The files lie in `gateway/goods/lists/lexicon`; its README says how a term is written and matched.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from msgspec import Struct
from pydantic import Field, model_validator

from gateway.domain.category import OKPD2_FORM
from gateway.goods.loader import ListFileError, read_list_file
from gateway.goods.names.folding import fold
from gateway.goods.rows import Id, Row, Text

WORDS_REMEMBERED: Final = 65_536

SHIPPED: Final = Path(__file__).parent.parent / "lists" / "lexicon"


class GroupRow(Row):
    """One `[[group]]`: terms that say the same of goods."""

    id: Id
    okpd2: str
    side: Literal["deny", "allow"]
    kind: Literal["brand", "word", "style", "place"]
    strength: Literal["rule", "sure", "hint"]
    terms: Annotated[list[Text], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_rule(self) -> Self:
        if self.strength == "rule" and not (self.side == "deny" and OKPD2_FORM.fullmatch(self.okpd2)):
            raise ValueError(f"group {self.id}: a rule denies goods of an ОКПД2 code")
        return self


class LexiconFile(Row):
    """A lexicon file."""

    group: Annotated[list[GroupRow], Field(min_length=1)]


class Group(Struct, frozen=True, gc=False):
    """What a matched term says: goods under `okpd2` ("" if of no one code), denied or innocent.

    A `sure` term hardly ever stands for anything else, a rule's never; a hint is an ordinary word as well.
    """

    id: str
    okpd2: str
    is_deny: bool
    is_sure: bool


class _Term(Struct, frozen=True, gc=False):
    """A term by its words after the first; a word that ends in * is matched by its beginning."""

    rest: tuple[str, ...]
    group: int


_Beginning = tuple[frozenset[int], dict[str, list[_Term]], tuple[_Term, ...]]
"""Terms that begin with a word: groups of those of that word alone, those of more words by their second word,
and those whose second word is told by its beginning.
"""


class Lexicon:
    """Terms by their first word, so that a name costs a few look-ups a word.

    By the terms of `rules` the prohibited list decides a name, whatever a classifier has learned of it.
    """

    def __init__(self, groups: Iterable[tuple[Group, Iterable[str]]], rules: "Lexicon | None" = None) -> None:
        self.rules = rules
        self.groups: list[Group] = []
        self._whole: dict[str, list[_Term]] = {}
        self._begun: dict[str, list[_Term]] = {}
        for group, terms in groups:
            for term in terms:
                self._add(term, len(self.groups))
            self.groups.append(group)
        self._shortest_beginning = min(map(len, self._begun), default=0)
        # Most words of a name stand in a thousand others.
        self._terms_at = lru_cache(WORDS_REMEMBERED)(self._look_up)

    def _add(self, term: str, group: int) -> None:
        words = _folded_words(term)
        if not words:
            raise ValueError(f"{term!r} has no word")
        first = words[0]
        table, key = (self._begun, first[:-1]) if first.endswith("*") else (self._whole, first)
        table.setdefault(key, []).append(_Term(tuple(words[1:]), group))

    def match(self, folded: str) -> frozenset[int]:
        """Numbers of the groups that a folded name has a term of."""
        words = folded.split()
        if not self._begun and self._whole.keys().isdisjoint(words):
            return frozenset()
        found = set[int]()
        for index, (word, second) in enumerate(zip(words, [*words[1:], ""], strict=False), 1):
            alone, by_second, others = self._terms_at(word)
            found |= alone
            for term in (*by_second.get(second, ()), *others):
                if _follows(words, index, term.rest):
                    found.add(term.group)
        return frozenset(found)

    def spoken(self, folded: str) -> list[tuple[str, Group]]:
        """The words of a folded name that are a term, in its order, each with what it says."""
        words = folded.split()
        return [
            (" ".join(words[at : at + 1 + len(term.rest)]), self.groups[term.group])
            for at, word in enumerate(words)
            for term in self._begun_by(word)
            if _follows(words, at + 1, term.rest)
        ]

    def _begun_by(self, word: str) -> list[_Term]:
        terms = list(self._whole.get(word, ()))
        for length in range(self._shortest_beginning, len(word) + 1):
            terms += self._begun.get(word[:length], ())
        return terms

    def _look_up(self, word: str) -> _Beginning:
        """The terms that begin with a word."""
        terms = self._begun_by(word)
        by_second: dict[str, list[_Term]] = {}
        for term in terms:
            if term.rest and not term.rest[0].endswith("*"):
                by_second.setdefault(term.rest[0], []).append(term)
        alone = frozenset(term.group for term in terms if not term.rest)
        return alone, by_second, tuple(term for term in terms if term.rest and term.rest[0].endswith("*"))


def _folded_words(term: str) -> list[str]:
    """A term's words as names are folded, each * kept: "L&M" is two words, "100's" too."""
    words = []
    for written in term.split():
        folded = fold(written).split()
        if written.endswith("*") and folded:
            folded[-1] += "*"
        words += folded
    return words


def _follows(words: list[str], index: int, rest: tuple[str, ...]) -> bool:
    if len(words) < index + len(rest):
        return False
    return all(
        word.startswith(part[:-1]) if part.endswith("*") else word == part
        for part, word in zip(rest, words[index:], strict=False)
    )


def load_lexicon(folder: Path = SHIPPED) -> Lexicon:
    """All lexicon files of a folder, in the order of their names; raises ListFileError."""
    files = [(path, read_list_file(path, LexiconFile)) for path in sorted(folder.glob("*.toml"))]
    if not files:
        raise ListFileError(folder, "holds no lexicon")
    seen: dict[str, Path] = {}
    for path, file in files:
        for row in file.group:
            if row.id in seen:
                raise ListFileError(path, f"group {row.id} stands in {seen[row.id].name}, too")
            seen[row.id] = path
    rows = [row for _, file in files for row in file.group]
    rules = Lexicon(_groups(row for row in rows if row.strength == "rule"))
    return Lexicon(_groups(row for row in rows if row.strength != "rule"), rules)


def _groups(rows: Iterable[GroupRow]) -> Iterator[tuple[Group, Sequence[str]]]:
    for row in rows:
        yield Group(row.id, row.okpd2, row.side == "deny", row.strength != "hint"), row.terms
