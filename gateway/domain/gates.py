"""Who may do what now: the standing of merchant, outlet, terminal, card and account (truth 12)."""

from gateway.domain.certificate import Account
from gateway.domain.outcome import Declined
from gateway.domain.policy import Context
from gateway.domain.reasons import Reason


def check_may_authorize(account: Account, context: Context) -> None:
    """Refuse a new authorization, in order of precedence."""
    suspended_at = context.seller.suspended_at
    if suspended_at is not None and suspended_at <= context.now:
        raise Declined(Reason.MERCHANT_SUSPENDED)
    check_enabled(context)
    if context.card_stopped:
        raise Declined(Reason.CARD_STOPPED)
    if account.is_blocked:
        raise Declined(Reason.ACCOUNT_BLOCKED)


def check_enabled(context: Context) -> None:
    """Refuse what needs an enabled outlet and terminal."""
    if not context.seller.is_outlet_enabled:
        raise Declined(Reason.OUTLET_DISABLED)
    if not context.seller.is_terminal_enabled:
        raise Declined(Reason.TERMINAL_DISABLED)


def check_winding_down(context: Context) -> None:
    """A suspended merchant may finish its earlier purchases for the wind-down time, no longer."""
    suspended_at = context.seller.suspended_at
    if suspended_at is not None and context.now >= suspended_at + context.policy.wind_down:
        raise Declined(Reason.MERCHANT_SUSPENDED)
