"""The list files: what is loaded, and that anything wrong is refused by file and name."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from gateway.domain.category import GoodsClass, UnknownGoodsPolicy
from gateway.domain.policy import day_start
from gateway.goods.loader import SHIPPED, ListFileError, load_list_book

RULE = '[[rule]]\nid = "beer"\nokpd2 = "11.05"\ndecision = "deny"\ntitle = "Пиво"\n'
HEAD = 'version = "2030-01-01"\neffective_from = 2030-01-01\nact = "Приказ 1"\n'
PROGRAM = (
    'code = "gift"\nversion = 1\nname_ru = "Подарок"\nname_en = "Gift"\n'
    'goods_class = "other"\nallowed_classes = ["other"]\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped lists, to be spoiled."""
    return shutil.copytree(SHIPPED, tmp_path / "lists")


def refusal(folder: Path, name: str, text: str | None = None) -> str:
    """The problems that are named when the file has this text; the error must name the file itself."""
    path = folder / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ListFileError) as refused:
        load_list_book(folder)
    assert path == refused.value.path
    assert str(path) in str(refused.value)
    return "; ".join(refused.value.problems)


def test_the_shipped_lists_are_marked_as_examples() -> None:
    """Nobody may take them for the published ones, which are not known."""
    for version in load_list_book().prohibited:
        assert version.act.startswith("ПРИМЕР")


def test_every_rule_that_two_versions_share_is_about_the_same_goods() -> None:
    """Rule ids are stable: reports over years compare by them."""
    first, second = load_list_book().prohibited
    codes = {rule.rule_id: rule.okpd2 for rule in first.rules}
    shared = [rule for rule in second.rules if rule.rule_id in codes]
    assert len(codes) == len(shared)
    assert [codes[rule.rule_id] for rule in shared] == [rule.okpd2 for rule in shared]


def test_the_shipped_programs_cover_the_classes_of_the_decree_and_the_kinds_of_rule() -> None:
    """Every class has a program; one forbids own money, one is one-shot, one lets unknown goods pass."""
    programs = load_list_book().programs
    assert set(GoodsClass) == {program.goods_class for program in programs.values()}
    assert [("food_set", 1)] == [key for key, p in programs.items() if not p.allows_own_money]
    assert [("durable", 1)] == [key for key, p in programs.items() if p.is_one_shot]
    assert UnknownGoodsPolicy.REFUSE is programs["food", 1].unknown_goods
    assert UnknownGoodsPolicy.ALLOW_UP_TO is programs["food", 2].unknown_goods
    assert 30_000 == programs["food", 2].unknown_goods_up_to_kopecks


def test_a_new_version_is_one_more_file(folder: Path) -> None:
    """The file that README describes is all that a new version takes."""
    (folder / "prohibited/2030-01-01.toml").write_text(HEAD + RULE, encoding="utf-8")
    book = load_list_book(folder)
    newest = book.prohibited_at(day_start(date(2030, 1, 1)))
    assert ("2030-01-01", "Приказ 1") == (newest.version, newest.act)
    assert ["beer"] == [rule.rule_id for rule in newest.rules]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + RULE + 'note = "?"\n', "rule.0.note: Extra inputs are not permitted"),
        (HEAD + 'colour = "red"\n' + RULE, "colour: Extra inputs are not permitted"),
        (HEAD, "rule: Field required"),
        (HEAD + RULE.replace("11.05", "11.0"), "rule.0.okpd2: '11.0' is all of class '11'"),
        (HEAD + RULE.replace("11.05", "11.05.1.2"), "rule.0.okpd2: '11.05.1.2' is no ОКПД2 code"),
        (HEAD + RULE.replace("11.05", "1105"), "rule.0.okpd2: '1105' is no ОКПД2 code"),
        (HEAD + RULE.replace("11.05", "11.05 "), "rule.0.okpd2: '11.05 ' is no ОКПД2 code"),
        (HEAD + RULE.replace('"11.05"', "11.05"), "rule.0.okpd2: Input should be a valid string"),
        (HEAD + RULE.replace("deny", "denied"), "rule.0.decision: Input should be 'deny' or 'allow'"),
        (HEAD + RULE.replace('"Пиво"', '""'), "rule.0.title"),
        (HEAD + RULE + RULE.replace("11.05", "11.02"), "rule id beer occurs twice"),
        (HEAD + RULE + RULE.replace('"beer"', '"ale"'), "okpd2 11.05 occurs twice"),
        (HEAD.replace("version = ", "version = 'x' #") + RULE, "version: 'x' is not the file's name"),
        (HEAD.replace("from = 2030", "from = 2024") + RULE, "effective_from: 2024-01-01 is that of"),
        (HEAD.replace("2030-01-01\nact", "2030-01-01T00:00:00\nact") + RULE, "effective_from"),
        (HEAD.replace("2030-01-01\nact", "'2030-01-01'\nact") + RULE, "effective_from"),
        (HEAD + "[[rule\n", "line 4"),
    ],
)  # fmt: skip
def test_a_wrong_prohibited_list_is_refused_by_name(folder: Path, text: str, problem: str) -> None:
    """One wrong key spoils the folder: half a list is worse than none."""
    assert problem in refusal(folder, "prohibited/2030-01-01.toml", text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PROGRAM + "colour = 1\n", "colour: Extra inputs are not permitted"),
        (PROGRAM.replace('["other"]', '["others"]'), "allowed_classes.0"),
        (PROGRAM.replace('["other"]', "[]"), "allowed_classes"),
        (PROGRAM.replace("version = 1", "version = 0"), "version"),
        (PROGRAM.replace("version = 1", "version = 2"), "code, version: gift-2 is not the file's name"),
        (PROGRAM + "allows_own_money = 1\n", "allows_own_money: Input should be a valid boolean"),
        (PROGRAM + "hold_ttl_s = -60\n", "hold_ttl_s"),
        (PROGRAM + 'unknown_goods = "allow_up_to"\n', "unknown_goods_up_to_kopecks goes with"),
        (PROGRAM + "unknown_goods_up_to_kopecks = 100\n", "unknown_goods_up_to_kopecks goes with"),
        (PROGRAM + "unknown_goods_up_to_kopecks = -100\n", "unknown_goods_up_to_kopecks"),
        (PROGRAM + '[[ceiling]]\nokpd2 = "26.40"\nunit_kopecks = -1\n', "ceiling.0.unit_kopecks"),
        (PROGRAM + '[[ceiling]]\nokpd2 = "26.40"\nunit_kopecks = 12.5\n', "ceiling.0.unit_kopecks"),
        (PROGRAM + '[[ceiling]]\nokpd2 = "31.0"\nunit_kopecks = 1\n', "ceiling.0.okpd2: '31.0' is all"),
        (PROGRAM + '[[ceiling]]\nokpd2 = "26.40"\nunit_kopecks = 1\n' * 2, "ceiling 26.40 occurs twice"),
    ],
)  # fmt: skip
def test_a_wrong_program_is_refused_by_name(folder: Path, text: str, problem: str) -> None:
    """A program decides what points buy: nothing in it is guessed."""
    assert problem in refusal(folder, "programs/gift-1.toml", text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nominals_kopecks = [-1]", "nominal.0.nominals_kopecks.0"),
        ("nominals_kopecks = [0]", "nominal.0.nominals_kopecks.0"),
        ("nominals_kopecks = [1.5]", "nominal.0.nominals_kopecks.0"),
        ("nominals_kopecks = []", "nominal.0.nominals_kopecks"),
        ("nominals_kopecks = [1, 1]", "nominal 1 occurs twice"),
        ("nominals_kopecks = [1]\nact = 1", "nominal.0.act: Extra inputs are not permitted"),
    ],
)
def test_wrong_nominals_are_refused_by_name(folder: Path, text: str, problem: str) -> None:
    """Nominals are positive whole kopecks, each once."""
    head = '[[nominal]]\ngoods_class = "food"\neffective_from = 2022-03-01\n'
    assert problem in refusal(folder, "nominals.toml", head + text + "\n")


def test_two_sets_of_nominals_of_one_class_and_day_are_refused(folder: Path) -> None:
    """Otherwise nobody could say which of them holds."""
    row = '[[nominal]]\ngoods_class = "food"\neffective_from = 2022-03-01\nnominals_kopecks = [1]\n'
    assert "nominal of food 2022-03-01 occurs twice" in refusal(folder, "nominals.toml", row * 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('version = "1"\n[classes]\n"11.0" = ["food"]\n', "classes.11.0: '11.0' is all of class '11'"),
        ('version = "1"\n[classes]\n"10" = ["foods"]\n', "classes.10.0"),
        ('version = "1"\n[classes]\n"10" = ["food"]\n"10" = []\n', "10"),
        ('version = "1"\n[classes]\n', "classes"),
        ('[classes]\n"10" = ["food"]\n', "version: Field required"),
    ],
)
def test_a_wrong_class_map_is_refused_by_name(folder: Path, text: str, problem: str) -> None:
    """A code stands in the map once, and means classes of the decree."""
    assert problem in refusal(folder, "classes.toml", text)


@pytest.mark.parametrize(
    "name", ["nominal.toml", "prohibited/2030-01-01.tml", "programs/food-3.toml.bak", "categories/own.csv"]
)
def test_a_file_with_a_wrong_name_is_not_quietly_left_out(folder: Path, name: str) -> None:
    """A misspelt name would leave yesterday's list in force."""
    assert "is no list file" in refusal(folder, name, "")


@pytest.mark.parametrize("name", ["classes.toml", "nominals.toml"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """No file has a default."""
    (folder / name).unlink()
    assert "No such file" in refusal(folder, name)


@pytest.mark.parametrize(("name", "what"), [("prohibited", "prohibited list"), ("programs", "program")])
def test_a_folder_without_lists_is_named(folder: Path, name: str, what: str) -> None:
    """Without a prohibited list everything would pass."""
    shutil.rmtree(folder / name)
    assert f"holds no {what}" == refusal(folder, name)


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    """A file in another encoding is not guessed at."""
    (folder / "nominals.toml").write_bytes("номинал".encode("cp1251"))
    assert "utf-8" in refusal(folder, "nominals.toml")
