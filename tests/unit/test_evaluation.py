"""`tillgate goods train` and `evaluate`: what is counted, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import tillgate
from gateway.domain.category import GoodsClass
from gateway.goods.evaluation.cases import Case, all_cases
from gateway.goods.evaluation.rates import program_rates
from gateway.goods.importing.problems import ImportFileError
from tests.names_kit import catalogue_file, lists
from tests.reference_kit import gtin

HEADER = "name\tgtin\tokpd2\ttruth"


def cases_file(folder: Path, *rows: str, header: str = HEADER) -> Path:
    """A table of cases."""
    path = folder / "cases.tsv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    """The command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TILLGATE_DATA_DIR", str(tmp_path / "data"))
    return Run()


class Run:
    """Runs `tillgate goods …`."""

    def __call__(self, *arguments: object) -> Result:
        """Run it; an exception that is not one of its answers comes through."""
        result = CliRunner().invoke(tillgate, ["goods", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


def test_cases_are_counted_by_truth_and_source(run: Run, tmp_path: Path) -> None:
    """By name, by GTIN against the name, by a declared code; each wrong line with its trace."""
    catalogue = catalogue_file(tmp_path)
    vodka, bread = (row.split(",")[0] for row in catalogue.read_text("utf-8").splitlines()[1:242:240])
    cases = cases_file(
        tmp_path,
        "Водка туманная 0.7\t\t\tprohibited",
        "Хлеб туманный\t\t\tallowed",
        f"Хлеб\t{vodka}\t\tprohibited",
        f"Батон\t{bread}\t\tallowed",
        "Хлеб\t\t11.05.10.120\tallowed",
        "Молоко\t\t\tprohibited",
    )
    result = json.loads(run("evaluate", "--catalogue", catalogue, "--cases", cases, "--json").stdout)
    assert (6, 3, 3) == (result["lines"], result["prohibited"], result["allowed"])
    assert (1, 1) == (result["false_accepts"], result["false_rejects"])
    assert (0.333333, 0.333333) == (result["false_accept_rate"], result["false_reject_rate"])
    low, high = result["false_accept_interval"]
    assert 0 < low < 1 / 3 < high < 1
    assert {"name": 3, "catalogue": 2, "declared": 1} == {
        source: rates["lines"] for source, rates in result["by_source"].items()
    }
    wrong = [json.loads(line) for line in Path(result["wrong_file"]).read_text("utf-8").splitlines()]
    assert ["false_reject", "false_accept"] == [line["wrong"] for line in wrong]
    assert ["declared", "name"] == [step["source"] for step in wrong[0]["trace"]["steps"]]
    assert "ОКПД2 от кассы: 11.05.10.120 запрещено" in wrong[0]["trace_ru"][1]


def test_the_same_catalogue_is_learned_once(run: Run, tmp_path: Path) -> None:
    """The kept classifier answers the second time; another catalogue is another one."""
    catalogue = catalogue_file(tmp_path)
    cases = cases_file(tmp_path, "Хлеб\t\t\tallowed")
    arguments = ("evaluate", "--catalogue", catalogue, "--cases", cases, "--json")
    first, second = (json.loads(run(*arguments).stdout) for _ in range(2))
    kept = list((tmp_path / "data" / "classifiers").iterdir())
    assert first == second
    assert 1 == len(kept)
    with catalogue.open("a", encoding="utf-8") as file:
        file.write("4600000009992,Сыр,10.51.40\n")
    run(*arguments)
    assert 2 == len(list((tmp_path / "data" / "classifiers").iterdir()))


_KEY = """
import sys
from pathlib import Path
from gateway.goods.names.learned import place_of
from tests.names_kit import lists
print(place_of(Path(sys.argv[1]), lists(), Path("kept")))
"""


def test_what_is_kept_is_found_by_every_process(tmp_path: Path) -> None:
    """Whatever order its sets are in."""
    command = [sys.executable, "-c", _KEY, str(catalogue_file(tmp_path))]
    keys = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert 1 == len(keys)


def test_truth_by_code_tells_goods_of_other_programs(run: Run, tmp_path: Path) -> None:
    """A jacket that is declared as milk would be paid by a certificate for food."""
    cases = cases_file(
        tmp_path,
        "Куртка лесная xl\t\t10.51.11.110\tallowed\t14.12.30.110",
        "Молоко лесная 1\t\t\tallowed\t10.51.11.110",
        header=f"{HEADER}\ttruth_okpd2",
    )
    catalogue = catalogue_file(tmp_path)
    result = json.loads(run("evaluate", "--catalogue", catalogue, "--cases", cases, "--json").stdout)
    assert "cases" == result["programs"]["measured_on"]
    assert (1, 1.0) == tuple(
        result["programs"]["food"][key] for key in ("outside", "outside_program_accept_rate")
    )
    assert 0.0 == result["programs"]["food"]["inside_program_reject_rate"]


def test_a_program_is_wrong_about_goods_of_all_its_classes_together() -> None:
    """Who pays for food and clothes takes no harm from bread that is taken for a jacket."""
    bread, jacket, fridge = "10.71.11.110", "14.12.30.110", "27.51.11.110"
    programs = {
        "both": frozenset({GoodsClass.FOOD, GoodsClass.CLOTHES}),
        "food": frozenset({GoodsClass.FOOD}),
    }
    pairs = [(bread, jacket), (jacket, bread), (fridge, bread), (jacket, "")]
    rates = program_rates(pairs, programs, lists().class_map.classes_of)
    assert {"both": (0.333333, 1.0), "food": (1.0, 0.666667)} == {
        code: (found["inside_program_reject_rate"], found["outside_program_accept_rate"])
        for code, found in rates.items()
    }


def test_training_stores_a_folder_with_its_evaluation_and_writes_over_none(run: Run, tmp_path: Path) -> None:
    """The folder can be evaluated; a second training needs another one."""
    catalogue = catalogue_file(tmp_path)
    told = run("train", "--catalogue", catalogue, "--out", tmp_path / "names").stdout
    assert "false rejects, names held out" in told
    cases = cases_file(tmp_path, "Хлеб\t\t\tallowed")
    answer = run("evaluate", "--catalogue", catalogue, "--cases", cases, "--classifier", tmp_path / "names")
    assert "all" in answer.stdout
    again = run("train", "--catalogue", catalogue, "--out", tmp_path / "names")
    assert 2 == again.exit_code
    assert "exists already" in again.stderr


def test_rows_of_a_catalogue_that_cannot_be_used_are_counted(run: Run, tmp_path: Path) -> None:
    """By what is wrong with them, where a classifier is trained and where it is evaluated."""
    catalogue = catalogue_file(tmp_path)
    with catalogue.open("a", encoding="utf-8") as file:
        file.write(f"123,Сыр,10.51.40\n124,Сыр,10.51.40\n{gtin(9999)},Сыр,сыр\n")
    said = "is no GTIN: the number of digits or the check digit is wrong"
    counted = {f"gtin: {said}": 2, "okpd2: is no ОКПД2 code": 1}
    told = run("train", "--catalogue", catalogue, "--out", tmp_path / "names").stdout
    assert f"  2 × gtin: {said}\n  1 × okpd2: is no ОКПД2 code\n" in told
    cases = cases_file(tmp_path, "Хлеб\t\t\tallowed")
    arguments = ("evaluate", "--catalogue", catalogue, "--cases", cases, "--classifier", tmp_path / "names")
    assert counted == json.loads(run(*arguments, "--json").stdout)["catalogue"]["problems"]
    assert f"  2 × gtin: {said}" in run(*arguments).stdout


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["Хлеб\t\t\tmaybe"], "line 2: truth 'maybe' is neither"),
        (["Хлеб\t\tbread\tallowed"], "line 2: okpd2 'bread' is no ОКПД2 code"),
        ([], "has no cases"),
    ],
)
def test_a_table_with_a_row_that_is_no_case_is_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    """A rate of the other rows would be taken for one of all."""
    with pytest.raises(ImportFileError, match=message):
        all_cases(cases_file(tmp_path, *rows))


def test_a_table_without_a_column_is_refused_by_its_name(run: Run, tmp_path: Path) -> None:
    """The message names the column."""
    cases = cases_file(tmp_path, "Хлеб\tallowed", header="name\ttruth")
    answer = run("evaluate", "--catalogue", catalogue_file(tmp_path), "--cases", cases)
    assert 1 == answer.exit_code
    assert "gtin" in answer.stderr


def test_a_case_keeps_what_the_row_says(tmp_path: Path) -> None:
    """All columns, in any order."""
    path = cases_file(tmp_path, "allowed\t10.71\t4607130280263\tХлеб", header="truth\tokpd2\tgtin\tname")
    assert [Case(2, "Хлеб", "4607130280263", "10.71", False, "")] == all_cases(path)
