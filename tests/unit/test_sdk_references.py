"""Copies of lists: applied change by change, and believed only with the right SHA-256."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchant_sdk import ReferenceCopy, ReferenceKind, ReferenceMismatchError
from merchant_sdk.references import Receiving, sha256_of
from tillgate.v1 import reference_service_pb2 as pb

KIND = ReferenceKind.PROHIBITED
LINES = st.dictionaries(st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=5), max_size=6)


def copy_of(version: str, lines: dict[str, str]) -> ReferenceCopy:
    """A copy as it was received."""
    return ReferenceCopy(KIND, version, sha256_of(lines), lines)


def header(new: ReferenceCopy, old: ReferenceCopy | None = None) -> pb.DownloadReferenceResponse:
    """The first message of a download."""
    response = pb.DownloadReferenceResponse()
    version = response.header.version
    version.kind = pb.REFERENCE_KIND_PROHIBITED
    version.version, version.sha256, version.row_count = new.version, new.sha256, len(new.lines)
    if old is not None:
        response.header.from_version, response.header.from_sha256 = old.version, old.sha256
    return response


def rows(new: ReferenceCopy, old: ReferenceCopy | None = None) -> pb.DownloadReferenceResponse:
    """What makes the one of the other."""
    before, response = old.lines if old else {}, pb.DownloadReferenceResponse()
    for key in sorted(before.keys() | new.lines.keys()):
        if key not in new.lines:
            response.rows.rows.add(key=key, is_removed=True)
        elif before.get(key) != new.lines[key]:
            response.rows.rows.add(key=key, line=new.lines[key])
    return response


def received(receiving: Receiving, *messages: pb.DownloadReferenceResponse) -> ReferenceCopy:
    """What a download comes to."""
    receiving.begin()
    for message in messages:
        receiving.take(message)
    return receiving.whole()


def test_the_hash_is_that_of_the_lines_in_the_order_of_their_keys() -> None:
    """By the bytes of UTF-8, each line with its line feed."""
    expected = sha256("a\nпиво\n😀\n".encode()).hexdigest()
    assert expected == sha256_of({"\U0001f600": "😀", "k": "a", "п": "пиво"})
    assert sha256(b"").hexdigest() == sha256_of({})


@given(LINES, LINES)
def test_changes_applied_to_a_copy_are_the_new_one(before: dict[str, str], after: dict[str, str]) -> None:
    """And the old copy stays as it is."""
    old, new = copy_of("1", before), copy_of("2", after)
    held = dict(old.lines)
    assert new == received(Receiving(KIND, old), header(new, old), rows(new, old))
    assert held == old.lines


def test_a_request_names_what_is_there_and_what_is_wanted() -> None:
    """A copy of another list is refused before anything is sent."""
    old = copy_of("1", {})
    assert pb.DownloadReferenceRequest(
        kind=pb.REFERENCE_KIND_PROHIBITED, from_version="1", to_version="2"
    ) == (Receiving(KIND, old, "2").request())
    with pytest.raises(ValueError, match="PROHIBITED is not CATALOGUE"):
        Receiving(ReferenceKind.CATALOGUE, old).request()


OLD, NEW = copy_of("1", {"a": "1", "b": "2"}), copy_of("2", {"a": "1", "c": "3"})
DAMAGED = rows(replace(NEW, lines={"a": "1", "c": "4"}), OLD)
WRONG = {
    "a line is another": (Receiving(KIND, OLD), [header(NEW, OLD), DAMAGED]),
    "rows are missing": (Receiving(KIND, OLD), [header(NEW, OLD)]),
    "the copy was another": (
        Receiving(KIND, replace(OLD, lines={"a": "9", "b": "2"})),
        [header(NEW, OLD), rows(NEW, OLD)],
    ),
    "changes to another version": (Receiving(KIND, OLD), [header(NEW, replace(OLD, version="0"))]),
    "changes to another content": (Receiving(KIND, OLD), [header(NEW, replace(OLD, sha256="0"))]),
    "in full though changes were asked for": (Receiving(KIND, OLD), [header(NEW), rows(NEW)]),
    "another version": (Receiving(KIND, None, "3"), [header(NEW), rows(NEW)]),
    "another kind": (Receiving(ReferenceKind.CLASSES), [header(NEW), rows(NEW)]),
    "no header": (Receiving(KIND), []),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_what_its_hash_says_is_not_taken(name: str) -> None:
    """Nor what was not asked for."""
    receiving, messages = WRONG[name]
    with pytest.raises(ReferenceMismatchError):
        received(receiving, *messages)


def test_an_attempt_that_broke_off_leaves_nothing_behind() -> None:
    """The next one begins from the copy again."""
    receiving = Receiving(KIND, OLD)
    receiving.begin()
    receiving.take(header(NEW, OLD))
    receiving.take(DAMAGED)
    assert NEW == received(receiving, header(NEW, OLD), rows(NEW, OLD))


@given(lines=LINES)
def test_a_saved_copy_is_loaded_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, lines: dict[str, str]
) -> None:
    """Whatever its keys and lines hold."""
    path = tmp_path_factory.mktemp("copy") / "prohibited.jsonl"
    copy = copy_of("2024-01-01", lines)
    copy.save(path)
    assert copy == ReferenceCopy.load(path)
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"b", "2"', '"b", "3"'),
        lambda text: text[:-12],
        lambda _: "",
        lambda _: "[1]\n",
        lambda text: text.replace("PROHIBITED", "SOMETHING"),
    ],
)
def test_a_file_that_is_not_what_was_saved_is_not_loaded(tmp_path: Path, damage: object) -> None:
    """A till must not warn by half a list."""
    path = tmp_path / "prohibited.jsonl"
    OLD.save(path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(ReferenceMismatchError, match=r"prohibited\.jsonl"):
        ReferenceCopy.load(path)
