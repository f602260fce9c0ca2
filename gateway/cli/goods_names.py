"""tillgate goods train and evaluate: the classifier of names, and what all sources together are worth."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import click
from rich.table import Table

from gateway.cli.progress import progress_bar
from gateway.cli.support import console
from gateway.domain.judging import Edition
from gateway.goods.catalogue_store import CatalogueBuilder, StoredCatalogue
from gateway.goods.evaluation.cases import all_cases
from gateway.goods.evaluation.judging import judge_cases, wrong_line
from gateway.goods.evaluation.rates import Measured, program_rates, summary_of
from gateway.goods.importing.catalogue import CatalogueFile, CatalogueRow
from gateway.goods.importing.categories import SHIPPED_UHTT, load_category_map
from gateway.goods.importing.problems import ImportFileError
from gateway.goods.loader import load_list_book
from gateway.goods.names.labels import Lists
from gateway.goods.names.learned import learned_on, train_on
from gateway.goods.names.model import ModelFile, ModelFileError, NameModel
from gateway.goods.names.opinions import Namer
from gateway.goods.names.training import Progress, TrainingError
from gateway.goods.reference.problems import Problems
from gateway.goods.sources import GoodsAt
from gateway.runtime.settings import load_settings

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)

_catalogue_option = click.option(
    "--catalogue",
    required=True,
    type=_FILE,
    help="Names and GTINs whose goods are known: UHTT's table or CSV.",
)
_categories_option = click.option(
    "--categories", type=_FILE, default=SHIPPED_UHTT, help="ОКПД2 codes by category.  [default: UHTT's]"
)


@click.command("train")
@_catalogue_option
@_categories_option
@click.option("--out", required=True, type=_FOLDER, help="Folder for the classifier; must not exist.")
def train_command(catalogue: Path, categories: Path, out: Path) -> None:
    """Train a classifier of till names on a catalogue, and store it as FOLDER with its own evaluation.

    It decides nothing before it is published: `tillgate lists import names FOLDER`.
    """
    if out.exists():
        raise click.BadParameter("exists already: a classifier is never written over", param_hint="--out")
    problems = Problems()
    with _errors_told(), _learning() as progress:
        book = load_category_map(categories)
        model = train_on(catalogue, book, _lists_now(), out, progress)
        for _ in _rows(CatalogueFile(catalogue, book), problems):
            pass
    _tell_classifier(model, out)
    _tell_problems(problems.counts)


@click.command("evaluate")
@_catalogue_option
@click.option(
    "--cases",
    "cases_file",
    required=True,
    type=_FILE,
    help="Lines: name, gtin, okpd2, truth (prohibited or allowed) and, if known, truth_okpd2.",
)
@_categories_option
@click.option(
    "--classifier", type=_FOLDER, help="A trained one.  [default: train on the catalogue, and keep it]"
)
@click.option(
    "--wrong",
    "wrong_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("evaluation-wrong.jsonl"),
    show_default=True,
    help="Every wrong line with its trace.",
)
@click.option("--json", "as_json", is_flag=True, help="Figures for programs.")
def evaluate_command(
    catalogue: Path,
    cases_file: Path,
    categories: Path,
    classifier: Path | None,
    wrong_file: Path,
    as_json: bool,
) -> None:
    """Judge lines whose truth is known by a catalogue and a classifier of its names, and count what is wrong.

    The cases must be no part of the catalogue, unless GTINs that it knows are what is asked about.
    """
    lists, problems = _lists_now(), Problems()
    with _errors_told():
        cases = all_cases(cases_file)
        book = load_category_map(categories)
        if classifier is not None:
            model = ModelFile(classifier).read()
        else:
            kept = load_settings(os.environ).data_dir / "classifiers"
            with _learning() as progress:
                model = learned_on(catalogue, book, lists, kept, progress)
        edition = Edition(lists.prohibited, lists.class_map, model.card.policy)
        namer = Namer(model, lists.prohibited, lists.class_map)
        known = _catalogue_of(_rows(CatalogueFile(catalogue, book), problems))
        goods = GoodsAt(edition, known, namer)
        with progress_bar() as bar, wrong_file.open("w", encoding="utf-8") as wrong:
            task = bar.add_task("judging", total=len(cases), told="")
            measured = list(judge_cases(cases, goods, lambda done: bar.update(task, completed=done)))
            _write_wrong(measured, edition, wrong)
    result = {
        "cases": str(cases_file),
        "catalogue": {"file": str(catalogue), "gtins": len(known), "problems": dict(problems.counts)},
        "list_version": lists.prohibited.version,
        **summary_of(measured),
        "programs": _programs(measured, lists, model),
        "classifier": {
            "version": model.card.version,
            "trained_on": model.card.trained_on,
            "evaluation": model.card.evaluation,
        },
        "wrong_file": str(wrong_file),
    }
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        _tell_evaluation(result)


def _lists_now() -> Lists:
    """The lists that come with the gateway or that the settings name, as in force now."""
    return Lists.at(load_list_book(load_settings(os.environ).lists_dir), datetime.now(UTC))


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except (ImportFileError, TrainingError, ModelFileError, OSError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _learning() -> Iterator[Progress]:
    with progress_bar() as bar:
        task = bar.add_task("reading", total=1.0, told="")
        yield lambda step, done: bar.update(task, description=step, completed=done)


def _rows(file: CatalogueFile, problems: Problems) -> Iterator[CatalogueRow]:
    """The rows that can be used; of the others and of doubtful ones, how many there are and why."""
    for row in file.rows():
        if isinstance(row, CatalogueRow):
            yield row
        else:
            problems.add(row)


def _catalogue_of(rows: Iterable[CatalogueRow]) -> StoredCatalogue:
    builder = CatalogueBuilder()
    builder.add((row.gtin14, row.okpd2) for row in rows)
    return builder.build("evaluated")


def _write_wrong(measured: list[Measured], edition: Edition, file: TextIO) -> None:
    for line in measured:
        if line.wrong is not None:
            file.write(json.dumps(wrong_line(line, edition), ensure_ascii=False) + "\n")


def _programs(measured: list[Measured], lists: Lists, model: NameModel) -> dict[str, Any]:
    """How often a program would pay another's goods: of the cases if they tell, else of names held out."""
    told = [line for line in measured if line.case.truth_okpd2 and not line.case.is_prohibited]
    if not told:
        return {"measured_on": "names held out in training", **model.card.evaluation.get("programs", {})}
    pairs = [(line.case.truth_okpd2, line.judged.verdict.okpd2 if line.is_paid else "") for line in told]
    return {"measured_on": "cases", **program_rates(pairs, lists.programs, lists.class_map.classes_of)}


def _tell_classifier(model: NameModel, out: Path) -> None:
    evaluation = model.card.evaluation
    table = Table(title=f"Classifier {model.card.version} of {model.card.trained_on}", show_header=False)
    table.add_row("names, of them held out", f"{evaluation['names']:,}, {evaluation['held_out']:,}")
    table.add_row("labels", f"{len(model.card.labels)}")
    for title, key in _RATES.items():
        table.add_row(f"{title}, names held out", f"{100 * evaluation[f'{key}_rate']:.2f} %")
    console().print(table)
    click.echo(f"Stored in {out}; publish it with: tillgate lists import names {out}")


def _tell_problems(counts: Mapping[str, int]) -> None:
    for problem, count in sorted(counts.items(), key=lambda item: -item[1]):
        click.echo(f"  {count:,} × {problem}")


_RATES: Final = {"false accepts": "false_accept", "false rejects": "false_reject", "queued": "queue"}


def _tell_evaluation(result: dict[str, Any]) -> None:
    table = Table(title=f"{result['cases']} by list {result['list_version']}")
    for title in ("decided by", "lines", "prohibited", *_RATES):
        table.add_column(title, justify="left" if title == "decided by" else "right")
    for source, rates in (*result["by_source"].items(), ("all", result)):
        shown = [_shown_rate(rates, key) for key in _RATES.values()]
        table.add_row(source, f"{rates['lines']:,}", f"{rates['prohibited']:,}", *shown)
    console().print(table)
    programs = Table(title=f"Goods taken for another program's ({result['programs'].pop('measured_on')})")
    for title in ("program", "outside, accepted", "inside, refused"):
        programs.add_column(title, justify="left" if title == "program" else "right")
    for name, rates in result["programs"].items():
        programs.add_row(name, *(_shown_rate(rates, key) for key in _PROGRAM_RATES))
    console().print(programs)
    _tell_problems(result["catalogue"]["problems"])
    click.echo(f"Wrong lines with their traces: {result['wrong_file']}")


_PROGRAM_RATES: Final = ("outside_program_accept", "inside_program_reject")


def _shown_rate(rates: dict[str, Any], key: str) -> str:
    if rates[f"{key}_rate"] is None:
        return "–"
    low, high = rates[f"{key}_interval"]
    return f"{100 * rates[f'{key}_rate']:.2f} % ({100 * low:.2f}–{100 * high:.2f})"
