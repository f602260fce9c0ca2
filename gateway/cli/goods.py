"""tillgate goods: what goods are, why lines are judged so, and what people decide of them."""

import click

from gateway.cli import goods_cases, goods_submissions
from gateway.cli.goods_explain import explain_command
from gateway.cli.goods_rehearse import rehearse_command
from gateway.cli.goods_replay import replay_command


@click.group("goods")
def goods_group() -> None:
    """What goods are, and why. docs/goods.md tells how cases are worked on and questions are answered."""


for command in (
    goods_cases.cases_command,
    goods_cases.case_command,
    goods_cases.collect_command,
    goods_cases.confirm_command,
    goods_cases.dismiss_command,
    goods_cases.misdeclared_command,
    explain_command,
    rehearse_command,
    replay_command,
    goods_submissions.accept_command,
    goods_submissions.end_rule_command,
    goods_submissions.end_template_command,
    goods_submissions.refuse_command,
    goods_submissions.rules_command,
    goods_submissions.set_template_command,
    goods_submissions.submissions_command,
    goods_submissions.templates_command,
):
    goods_group.add_command(command)
