"""tillgate goods: how goods are decided, and how well."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

PLACES: Final = {
    "evaluate": "gateway.cli.goods_names:evaluate_command",
    "train": "gateway.cli.goods_names:train_command",
}


@click.group("goods", cls=LazyGroup, places=PLACES)
def goods_group() -> None:
    """How goods are decided, and how well."""
