"""tillgate goods: what goods are, how that is decided, and how well."""

from typing import Final

import click

from gateway.cli.lazy import LazyGroup

PLACES: Final = {
    "accept": "gateway.cli.goods_submissions:accept_command",
    "case": "gateway.cli.goods_cases:case_command",
    "cases": "gateway.cli.goods_cases:cases_command",
    "collect": "gateway.cli.goods_cases:collect_command",
    "confirm": "gateway.cli.goods_cases:confirm_command",
    "dismiss": "gateway.cli.goods_cases:dismiss_command",
    "end-rule": "gateway.cli.goods_submissions:end_rule_command",
    "end-template": "gateway.cli.goods_submissions:end_template_command",
    "evaluate": "gateway.cli.goods_names:evaluate_command",
    "explain": "gateway.cli.goods_explain:explain_command",
    "misdeclared": "gateway.cli.goods_cases:misdeclared_command",
    "prepare": "gateway.cli.goods_prepare:prepare_command",
    "refuse": "gateway.cli.goods_submissions:refuse_command",
    "rehearse": "gateway.cli.goods_rehearse:rehearse_command",
    "replay": "gateway.cli.goods_replay:replay_command",
    "rules": "gateway.cli.goods_submissions:rules_command",
    "set-template": "gateway.cli.goods_submissions:set_template_command",
    "submissions": "gateway.cli.goods_submissions:submissions_command",
    "templates": "gateway.cli.goods_submissions:templates_command",
    "train": "gateway.cli.goods_names:train_command",
}


@click.group("goods", cls=LazyGroup, places=PLACES)
def goods_group() -> None:
    """What goods are, why, and how well it is decided. See docs/goods.md."""
