"""tillgate cards and tillgate signals: files, typed cards, and that no number is ever shown or kept."""

import base64
import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import tillgate as group
from tests.cards_kit import number
from tests.cli_kit import CommandLine

A, B, C, D = (number(n) for n in range(901, 905))


def typed(tillgate: CommandLine, card: str, *arguments: str) -> Result:
    """A command that reads a card from standard input."""
    return CliRunner().invoke(group, list(arguments), input=f"{card}\n\n", env=tillgate.environment)


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """A file."""
    path = folder / "cards.csv"
    path.write_text(text, encoding=encoding)
    return path


def import_list(tillgate: CommandLine, file: Path, *options: str) -> Result:
    """Load a stop list."""
    return tillgate("cards", "import-stop-list", file, "--by", "desk", *options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_list_is_loaded_twice_without_harm(tillgate: CommandLine, tmp_path: Path, encoding: str) -> None:
    """Spaces in numbers do not count, nor does the order of columns."""
    spaced = " ".join(A[first : first + 4] for first in range(0, len(A), 4))
    text = f"причина;номер карты;с даты\nсмерть держателя;{spaced};01.02.2026\nутеря;{B};2026-02-03T10:00\n"
    file = written(tmp_path, text, encoding)
    assert "stop list 1: 2 stopped, 0 freed, 0 stood there already" in import_list(tillgate, file).stdout
    assert "stop list 1: 0 stopped, 0 freed, 2 stood there already" in import_list(tillgate, file).stdout
    assert "2026-01-31 21:00:00+00" in tillgate.sql(
        "SELECT stopped_from AT TIME ZONE 'UTC' || '+00' FROM stop_entry"
    )
    assert "desk" in tillgate("cards", "stop-list").stdout


def test_wrong_rows_are_named_by_line_and_never_repeated(tillgate: CommandLine, tmp_path: Path) -> None:
    """The right ones beside them hold; a full list with one of them changes nothing."""
    rows = [
        "number,series,reason,from,action",
        f"{A},,lost,,",
        f"{B[:8]},,lost,,",
        f"{B},,,,",
        f"{C},,lost,tomorrow,",
        f"{C},,lost,2099-01-01,",
        f"{C},,lost,,maybe",
        f"{A},,lost,,",
        f'"{D},,lost,,',
        f"{D},lost",
    ]
    file = written(tmp_path, "\n".join(rows))
    full = import_list(tillgate, file, "--full")
    assert 1 == full.exit_code
    assert "0" == tillgate.sql("SELECT count(*) FROM stop_entry").strip()
    result = import_list(tillgate, file)
    assert 1 == result.exit_code
    for line in range(3, 11):
        assert f"line {line}" in result.output
    assert "1 stopped" in result.output
    for shown in (full.output, result.output):
        assert not any(card[:9] in shown for card in (A, B, C, D))


def test_a_file_without_a_header_is_refused_without_its_cards(tillgate: CommandLine, tmp_path: Path) -> None:
    """Its first line would be shown otherwise."""
    result = import_list(tillgate, written(tmp_path, f"{A},,lost\n{B},,lost\n"))
    assert 2 == result.exit_code
    assert "no column number" in result.output
    assert A not in result.output


def test_a_full_list_that_frees_many_wants_to_be_confirmed(tillgate: CommandLine, tmp_path: Path) -> None:
    """With the number that it tells."""
    head = "number,reason\n"
    import_list(tillgate, written(tmp_path, head + "".join(f"{number(n)},lost\n" for n in range(25))))
    half = written(tmp_path, head + f"{number(0)},lost\n")
    result = import_list(tillgate, half, "--full")
    assert (1, True) == (result.exit_code, "--lifts 24" in result.output)
    assert "24 freed" in import_list(tillgate, half, "--full", "--lifts", "24").stdout


def test_one_card_is_stopped_freed_and_searched_by_typing_it(tillgate: CommandLine, tmp_path: Path) -> None:
    """By standard input, never by an argument; a search tells the stop and is recorded."""
    stopped = typed(tillgate, A, "cards", "stop", "--reason", "утеря", "--by", "desk")
    assert "1 stopped" in stopped.output
    found = typed(tillgate, A, "cards", "search", "--by", "desk")
    assert "STOPPED" in found.output
    assert "утеря (HELP_DESK)" in found.output
    (searched,) = tillgate.json("audit", "show", "--action", "card.searched", "--json")
    assert ("desk", 16) == (searched["actor_id"], len(searched["subject_id"]))
    freed = typed(tillgate, A, "cards", "unstop", "--by", "desk")
    assert "1 freed" in freed.output
    assert "STOPPED" not in typed(tillgate, A, "cards", "search", "--by", "desk").output
    wrong = typed(tillgate, "12ab", "cards", "search", "--by", "desk")
    assert (1, False) == (wrong.exit_code, "12ab" in wrong.output)
    for result in (stopped, found, freed):
        assert A not in result.output


def test_reissued_cards_go_on_and_the_old_ones_stop(tillgate: CommandLine, tmp_path: Path) -> None:
    """The number stays and the series changes; twice without harm, wrong rows by line."""
    certificates = tmp_path / "certificates.csv"
    certificates.write_text(
        "issue_ref,holder_id,program,program_version,nominal_rubles,first_day,last_day,act_body,act_number,"
        "act_date,own_nominal,card_number,card_series\n"
        f"r1,h1,food,1,500.00,2026-01-01,2099-12-31,Комиссия,1,2026-01-01,yes,{A},AA\n",
        encoding="utf-8",
    )
    issued = tillgate("certificates", "issue", certificates)
    assert "1 issued" in issued.output, issued.output
    file = written(tmp_path, f"old_number,old_series,new_number,new_series\n{A},AA,{A},BB\n{B},,{C},\n")
    first = tillgate("cards", "reissue", file, "--by", "desk")
    assert (1, True) == (
        first.exit_code,
        "1 cards re-issued, 0 were so already, 1 rows wrong" in first.output,
    )
    assert "line 3" in first.output
    again = tillgate("cards", "reissue", file, "--by", "desk")
    assert "0 cards re-issued, 1 were so already" in again.output
    old = CliRunner().invoke(
        group, ["cards", "search", "--by", "d"], input=f"{A}\nAA\n", env=tillgate.environment
    )
    new = CliRunner().invoke(
        group, ["cards", "search", "--by", "d"], input=f"{A}\nBB\n", env=tillgate.environment
    )
    assert "STOPPED" in old.output
    assert "STOPPED" not in new.output
    for result in (old, new):
        assert "500.00" in result.output
    assert not any(card in first.output + again.output + old.output for card in (A, B, C))


def test_no_form_of_a_number_is_kept_anywhere(tillgate: CommandLine, tmp_path: Path, data_dir: Path) -> None:
    """Neither in the database nor in the files of the gateway: plain, hex, base64 or as an unkeyed hash."""
    import_list(tillgate, written(tmp_path, f"number,series,reason\n{A},x1,lost\n{B},,lost\n"))
    typed(tillgate, A, "cards", "search", "--by", "desk")
    dump = "".join(
        tillgate.sql(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608 - names from here
        for table in ("card", "stop_entry", "stop_list_version", "stop_list_key", "card_try", "card_lock")
    )
    kept = dump.encode() + b"".join(file.read_bytes() for file in data_dir.rglob("*") if file.is_file())
    assert b"outcome-" in kept
    for card in (A, B):
        raw = card.encode()
        forms = [raw, raw.hex().encode(), base64.b64encode(raw)[:-2]]
        forms += [hashlib.new(name, raw).hexdigest().encode() for name in ("sha1", "sha256", "md5")]
        for form in forms:
            assert form not in kept


def test_keys_are_rotated_reported_and_dropped(tillgate: CommandLine, tmp_path: Path) -> None:
    """Not while cards are known by the old one alone."""
    tillgate("cards", "keys")
    tillgate.sql("INSERT INTO card (token, account_id, token_key_id) VALUES ('\\x01', 1, 'gone')")
    assert "gone" in tillgate("cards", "keys").stdout
    before = tillgate("cards", "keys").stdout.split("card-")[1][:8]
    insert = "INSERT INTO card (token, account_id, token_key_id) VALUES ('\\x02', 2, 'card-{}')"
    tillgate.sql(insert.format(before))
    assert f"card-{before}" in tillgate("cards", "rotate-key", "--by", "desk").stdout
    kept = tillgate("cards", "drop-key", f"card-{before}", "--by", "desk")
    assert (1, True) == (kept.exit_code, "1 cards and 0 stops are known" in kept.output)
    assert 0 == tillgate("cards", "drop-key", f"card-{before}", "--lose", "--by", "desk").exit_code
    assert 1 == tillgate("cards", "unlock", "7", "--by", "desk").exit_code
    assert "key 2" in tillgate("cards", "renew-list-key", "7", "--by", "desk").stdout


def test_a_key_by_which_the_list_knows_its_cards_is_not_dropped(
    tillgate: CommandLine, tmp_path: Path
) -> None:
    """A stopped card that is issued later would be bound free; loading the list again renews its stops."""
    stops = written(tmp_path, f"number,reason\n{A},lost\n{B},lost\n")
    import_list(tillgate, stops)
    first = "card-" + tillgate("cards", "keys").stdout.split("card-")[1][:8]
    tillgate("cards", "rotate-key", "--by", "desk")
    kept = tillgate("cards", "drop-key", first, "--by", "desk")
    assert (1, True) == (kept.exit_code, "0 cards and 2 stops are known" in kept.output)
    assert "2 stood there already" in import_list(tillgate, stops).stdout
    assert 0 == tillgate("cards", "drop-key", first, "--by", "desk").exit_code


def test_a_search_that_cannot_be_recorded_shows_nothing(tillgate: CommandLine, tmp_path: Path) -> None:
    """Neither the stop nor the account: the record comes first."""
    typed(tillgate, A, "cards", "stop", "--reason", "утеря", "--by", "desk")
    tillgate.sql("ALTER TABLE audit_entry ADD CONSTRAINT none CHECK (action <> 'card.searched')")
    found = typed(tillgate, A, "cards", "search", "--by", "desk")
    assert found.exit_code
    for shown in ("STOPPED", "утеря", "account"):
        assert shown not in found.stdout
