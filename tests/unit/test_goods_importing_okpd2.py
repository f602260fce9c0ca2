"""The table of ОКПД2: what is mended, and what is told by its row."""

from pathlib import Path

from gateway.goods.importing.okpd2 import Okpd2Table, read_okpd2_table


def read(folder: Path, text: str, encoding: str = "utf-8") -> Okpd2Table:
    """A table with this text."""
    path = folder / "okpd.tsv"
    path.write_text(text, encoding=encoding)
    return read_okpd2_table(path)


def test_codes_lose_their_blanks_and_sections_are_kept_apart(tmp_path: Path) -> None:
    """Published copies write a blank after every code, and the sections below the codes."""
    table = read(
        tmp_path, "11 \tНапитки\n11.05.10.110 \tПиво крепостью до 0,5% \n\nC \tПродукция\n", "cp1251"
    )
    assert {"11": "Напитки", "11.05.10.110": "Пиво крепостью до 0,5%"} == table.names
    assert {"C": "Продукция"} == table.sections
    assert () == table.problems


def test_a_name_behind_a_stray_quote_and_tab_is_mended(tmp_path: Path) -> None:
    """Quotes that belong to the name stay."""
    table = read(tmp_path, '68.20.12 \t"\tУслуги по аренде"\n10.61.21 \tМука "Экстра"\n')
    assert {"68.20.12": "Услуги по аренде", "10.61.21": 'Мука "Экстра"'} == table.names
    assert () == table.problems


def test_what_cannot_be_mended_is_told_by_its_row(tmp_path: Path) -> None:
    """A bad code, a double, a row without a name or with more than one."""
    table = read(tmp_path, "1105\tПиво\n11.05\tПиво\n11.05 \tЭль\n11.06\t\n11.07\n11.08\tа\tб\nЯ\tЧто-то\n")
    assert {"11.05": "Пиво"} == table.names
    assert [
        (1, "code", "is no ОКПД2 code", "1105"),
        (3, "code", "occurs twice", "11.05"),
        (4, "name", "is empty", ""),
        (5, "", "is not a code and a name with a tab between", "11.07"),
        (6, "", "is not a code and a name with a tab between", "11.08\tа\tб"),
        (7, "code", "is no ОКПД2 code", "Я"),
    ] == [(p.line, p.column, p.en, p.value) for p in table.problems]


def test_the_progress_of_a_table_ends_with_its_last_byte(tmp_path: Path) -> None:
    """Bytes read, of the bytes of the file."""
    path = tmp_path / "okpd2.tsv"
    path.write_text("".join(f"10.{n % 90 + 10}\tПродукты\n" for n in range(20_000)), encoding="utf-8")
    told: list[tuple[int, int]] = []
    read_okpd2_table(path, lambda done, total: told.append((done, total)))
    size_bytes = path.stat().st_size
    assert len(told) > 1
    assert (sorted(told), (size_bytes, size_bytes)) == (told, told[-1])
