"""Category maps and trees: which code a category has, and what is refused by name."""

from pathlib import Path

import pytest

from gateway.goods.importing.categories import CategoryMap, category_path, load_category_map
from gateway.goods.importing.category_tree import Category, read_category_tree
from gateway.goods.importing.problems import ImportFileError
from gateway.goods.loader import ListFileError, load_list_book

HEAD = 'version = "1"\ncatalogue = "test"\n'
FOOD = (
    '[[folder]]\npath = "Еда (folder)"\nokpd2 = "10"\n'
    '[folder.below]\n"11.05" = ["Напитки/Пиво"]\n"" = ["Разное"]\n'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file goes."""
    return tmp_path / "categories.toml"


def loaded(path: Path, text: str) -> CategoryMap:
    """A map with this text."""
    path.write_text(text, encoding="utf-8")
    return load_category_map(path)


def tree(path: Path, text: str) -> dict[str, Category]:
    """A tree with this text."""
    path.write_text(text, encoding="utf-8")
    return dict(read_category_tree(path))


def test_a_path_is_cut_into_segments_without_the_marks_of_folders() -> None:
    """Only at the end of a segment, whatever the case; a name may hold brackets."""
    assert "Еда/Молоко (2)/Сыр" == category_path(" Еда (folder)/Молоко (2) (Folder)// Сыр ")
    assert "(folder) Еда" == category_path("(folder) Еда")


@pytest.mark.parametrize(
    ("category", "okpd2"),
    [
        ("Еда (folder)/Напитки (folder)/Пиво", "11.05"),
        ("ЕДА/напитки/ПИВО/Светлое", "11.05"),
        ("Еда/Напитки", "10"),
        ("Еда/Пиво", "10"),
        ("Еда", "10"),
        ("Еда/Разное/Прочее", ""),
        ("Едальня", None),
        ("Напитки/Пиво", None),
        ("", None),
    ],
)
def test_the_longest_prefix_of_whole_segments_wins(path: Path, category: str, okpd2: str | None) -> None:
    """ "" is a category without a code on purpose, None one that the map does not know."""
    assert okpd2 == loaded(path, HEAD + FOOD).okpd2_of(category)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD, "folder: Field required"),
        (FOOD, "version: Field required"),
        (HEAD + FOOD.replace('"10"', '"11.0"'), "folder.0.okpd2: '11.0' is all of class '11'"),
        (HEAD + FOOD.replace('"11.05"', '"1105"'), "folder.0.below.1105: '1105' is no ОКПД2 code"),
        (HEAD + FOOD.replace("Разное", ""), "folder.0.below..0: String should have at least 1 character"),
        (HEAD + FOOD + 'colour = "red"\n', "folder.0.below.colour"),
        (HEAD + FOOD.replace("okpd2", "code"), "folder.0.code: Extra inputs are not permitted"),
        (HEAD + FOOD + FOOD, "category 'Еда (folder)' occurs twice"),
        (HEAD + FOOD.replace("Разное", "напитки / пиво"), "/напитки / пиво' occurs twice"),
        (HEAD + FOOD.replace('"Еда (folder)"', '" / "'), "category ' / ' has no name"),
        (HEAD + "[[folder\n", "line 3"),
    ],
)  # fmt: skip
def test_a_wrong_map_is_refused_by_name(path: Path, text: str, problem: str) -> None:
    """A category has one code, and a code is one that lists may name."""
    with pytest.raises(ListFileError) as refused:
        loaded(path, text)
    assert path == refused.value.path
    assert problem in "; ".join(refused.value.problems)


@pytest.mark.parametrize(
    ("category", "is_denied"),
    [
        ("Продукты питания (folder)/Алкогольные напитки (folder)/Вино (folder)/Вино игристое", True),
        ("Продукты питания (folder)/Алкогольные напитки (folder)/Пиво", True),
        ("Продукты питания (folder)/Алкогольные напитки (folder)/Что-то новое", True),
        ("Табакокурение (folder)/Сигареты электронные", True),
        ("Табакокурение (folder)/Что-то новое", True),
        ("Хозяйственные товары (folder)/Зажигалка", True),
        ("E-Pay", True),
        ("Лотерея", True),
        ("Продукты питания (folder)/Уксус", False),
        ("Продукты питания (folder)/Напитки безалкогольные/Вино безалкогольное", False),
        ("Продукты питания (folder)/Напитки безалкогольные/Напиток энергетический", False),
        ("Продукты питания (folder)/Напитки безалкогольные/Квас", False),
        ("Посуда (folder)/Бокал", False),
        ("Посуда (folder)/Пепельница", False),
        ("Галантерея (folder)/Бижутерия", False),
    ],
)
def test_the_shipped_map_denies_alcohol_tobacco_and_cash_and_not_what_sounds_like_it(
    category: str, is_denied: bool
) -> None:
    """By the newest shipped list; folders are denied with all that they may come to hold."""
    code = load_category_map().okpd2_of(category)
    rule = load_list_book().prohibited[-1].rule_for(code) if code else None
    assert code
    assert is_denied is (rule is not None and rule.is_denied)


def test_the_shipped_map_gives_no_code_where_alcohol_and_soft_drinks_lie_together() -> None:
    """Any code would be wrong for some of them."""
    categories = load_category_map()
    assert "" == categories.okpd2_of("Продукты питания (folder)/Напитки безалкогольные/Коктейли, джин-тоники")
    assert "" == categories.okpd2_of("Неклассифицированные/default")


def test_no_code_of_the_shipped_map_is_too_coarse_for_any_shipped_list() -> None:
    """Goods under a code above denied ones would count as unknown."""
    for prohibited in load_list_book().prohibited:
        for category, code in load_category_map().by_path.items():
            rule = prohibited.rule_for(code)
            is_denied = rule is not None and rule.is_denied
            assert not code or is_denied or not prohibited.is_too_coarse(code), category


def test_a_tree_gives_every_category_its_path_and_the_code_of_the_nearest_above(path: Path) -> None:
    """In whatever order its rows stand; a root has no parent, or 0."""
    text = (
        "ID;Parent_ID;Name;ОКПД2\n3;2;Пиво;11.05\n4;3;Светлое;\n2;1;Напитки;11.07\n"
        "1;;Еда;\n5;0;Мебель;\n6;5;Стол;31.09\n"
    )
    assert {
        "1": Category("Еда", ""),
        "2": Category("Еда/Напитки", "11.07"),
        "3": Category("Еда/Напитки/Пиво", "11.05"),
        "4": Category("Еда/Напитки/Пиво/Светлое", "11.05"),
        "5": Category("Мебель", ""),
        "6": Category("Мебель/Стол", "31.09"),
    } == tree(path, text)


def test_a_parent_with_the_id_0_is_a_parent_like_any_other(path: Path) -> None:
    """Only a tree without such a category writes 0 for none."""
    assert Category("Всё/Еда", "") == tree(path, "id,parent_id,name\n1,0,Еда\n0,,Всё\n")["1"]


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ("1,3,А\n2,1,Б\n3,2,В\n4,1,Г\n", ["line 2: the parents lead in a circle: 1 → 3 → 2 → 1"]),
        ("1,1,А\n", ["line 2: the parents lead in a circle: 1 → 1"]),
        ("1,,А\n2,9,Б\n", ["line 3: parent 9 of id 2 is unknown"]),
        ("1,,А\n1,,Б\n", ["line 3: id 1 is that of line 2, too"]),
        ("1,,\n,,Б\n", ["line 2: name is empty", "line 3: id is empty"]),
        ("1,,А,1105\n2,,Б,11.0\n", ["line 2: okpd2 '1105'", "line 3: okpd2 '11.0'"]),
        ("1,,А,,\n", ["line 2: 5 columns, and the header has 4"]),
    ],
)
def test_a_tree_with_a_circle_or_a_gap_is_refused_by_name(path: Path, rows: str, problems: list[str]) -> None:
    """All that is wrong is named, and nothing of such a tree is used."""
    rows = "".join(row + "," * (3 - row.count(",")) + "\n" for row in rows.splitlines())
    with pytest.raises(ImportFileError) as refused:
        tree(path, "id,parent_id,name,okpd2\n" + rows)
    assert len(problems) == len(refused.value.problems)
    for expected, told in zip(problems, refused.value.problems, strict=True):
        assert told.startswith(expected)


def test_a_tree_without_its_columns_is_refused_by_name(path: Path) -> None:
    """As every table is."""
    with pytest.raises(ImportFileError, match="no column parent_id"):
        tree(path, "id,name\n1,А\n")


def test_a_tree_as_deep_as_a_file_can_make_it_is_placed(path: Path) -> None:
    """Depth costs no stack."""
    rows = "".join(f"{number},{number - 1},x\n" for number in range(1, 3001))
    assert 3000 == len(tree(path, "id,parent_id,name\n" + rows)["3000"].path.split("/"))
