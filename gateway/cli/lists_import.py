"""tillgate lists import: a file becomes a draft, and every row that could not be used is told."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

import asyncpg
import click

from gateway.cli.lists_support import KIND, with_lists
from gateway.cli.people_support import signed
from gateway.cli.progress import progress_bar
from gateway.goods.importing.catalogue import CatalogueFile
from gateway.goods.importing.categories import SHIPPED_UHTT, load_category_map
from gateway.goods.importing.category_tree import read_category_tree
from gateway.goods.reference.catalogue import import_catalogue
from gateway.goods.reference.drafts import Imported, import_draft
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.problems import Problems
from gateway.goods.reference.sources import read_source
from gateway.runtime.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("kind", type=KIND)
@click.argument("source", metavar="FILE|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--version", default="", help="Its name.  [default: the file's own, else the day]")
@click.option("--add", "is_addition", is_flag=True, help="Catalogue: items that the file lacks stay.")
@click.option("--categories", type=_FILE, default=SHIPPED_UHTT, help="Catalogue: codes by category.")
@click.option("--tree", type=_FILE, help="Catalogue: its tree, if rows name categories by id.")
@click.option("--problems", "problems_file", type=click.Path(dir_okay=False, path_type=Path),
              help="CSV of every row that could not be used, or is worth a look.")  # fmt: skip
@signed()
def import_command(
    kind: Kind,
    source: Path,
    version: str,
    is_addition: bool,
    categories: Path,
    tree: Path | None,
    problems_file: Path | None,
    by: str,
) -> None:
    """Make a draft of FILE (programs, names: of FOLDER). It decides nothing before it is published.

    The same content again changes nothing. What was published, and every earlier draft, stays as it was
    whenever an import fails.
    """
    if is_addition and kind is not Kind.CATALOGUE:
        raise click.UsageError("--add is for the catalogue: every other list is imported whole")
    if problems_file and problems_file.resolve() == source.resolve():
        raise click.BadParameter("is the file itself", param_hint="--problems")

    async def work(connection: asyncpg.Connection, _: Settings) -> Imported:
        with _opened(problems_file) as out, progress_bar() as progress:
            problems = Problems(out)
            task = progress.add_task("reading", total=1, told="")

            def tell(step: str, done: int, total: int) -> None:
                progress.update(task, description=step, completed=done, total=total)

            if kind is not Kind.CATALOGUE:
                read = read_source(kind, source, problems, lambda done, total: tell("reading", done, total))
                tell("storing", 0, 1)
                folder = source if kind is Kind.NAMES else None
                done = await import_draft(
                    connection, read, by=by, version=version, problems=problems.counts, folder=folder
                )
                tell("storing", 1, 1)
                return done
            nodes = read_category_tree(tree) if tree else None
            file = CatalogueFile(source, load_category_map(categories), nodes)
            return await import_catalogue(
                connection, file, by=by, version=version, is_addition=is_addition, problems=problems,
                progress=tell,
            )  # fmt: skip

    _tell(with_lists(work), problems_file)


def _opened(path: Path | None) -> AbstractContextManager[TextIO | None]:
    return path.open("w", encoding="utf-8", newline="") if path else nullcontext()


def _tell(done: Imported, problems_file: Path | None) -> None:
    counts = done.counts
    if done.is_new:
        click.echo(
            f"{done.kind} {done.version}: a draft of {counts.rows:,} rows, sha256 {done.content_sha256}"
        )
        click.echo(
            f"{counts.added:,} added, {counts.changed:,} changed, {counts.removed:,} removed, "
            f"{counts.unchanged:,} unchanged"
        )
    else:
        click.echo(f"{done.kind} {done.version} says the same: nothing is changed")
    for problem, count in sorted(done.problems.items(), key=lambda item: -item[1]):
        click.echo(f"  {count:,} × {problem}")
    if done.problems and problems_file:
        click.echo(f"  row by row in {problems_file}")
