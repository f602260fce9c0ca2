"""Who may do what now: the standing of merchant, outlet, terminal, card and account (truth 12)."""

from datetime import timedelta

from gateway.domain.certificate import Account
from gateway.domain.commands import Authorize, Command, Refund, TillCommand
from gateway.domain.outcome import Declined
from gateway.domain.policy import Context
from gateway.domain.reasons import Reason


def refusal_of_standing(command: Command, context: Context) -> Reason | None:
    """Why the sending till may not do this now, whatever it is about; None if it may.

    A suspended merchant makes no new authorization, but may finish its earlier purchases for the
    wind-down time: buyers must not be trapped. So a disabled till may still capture and void.
    In the order of reasons this comes before any question about card or purchase: whoever answers
    a command that finds no account asks here first. Department commands have no till.
    """
    if not isinstance(command, TillCommand):
        return None
    seller = context.seller
    grace = timedelta() if isinstance(command, Authorize) else context.policy.wind_down
    if seller.suspended_at is not None and context.now >= seller.suspended_at + grace:
        return Reason.MERCHANT_SUSPENDED
    if isinstance(command, Authorize | Refund):
        if not seller.is_outlet_enabled:
            return Reason.OUTLET_DISABLED
        if not seller.is_terminal_enabled:
            return Reason.TERMINAL_DISABLED
    return None


def check_standing(command: Command, context: Context) -> None:
    """Raise Declined if the sending till may not do this now."""
    reason = refusal_of_standing(command, context)
    if reason is not None:
        raise Declined(reason)


def check_may_be_served(account: Account, context: Context) -> None:
    """Refuse a new authorization for its card or account."""
    if context.card_stopped:
        raise Declined(Reason.CARD_STOPPED)
    if account.is_blocked:
        raise Declined(Reason.ACCOUNT_BLOCKED)
