"""When to send again, decided without a clock: back-off, budgets, doubt."""

import pytest
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

from merchant_sdk import Backoff, ConfigurationError, Configurations, Method, Reason
from merchant_sdk.configuration import Configuration
from merchant_sdk.errors import EXCEPTIONS, GatewayError, Refusal, UnexpectedStatusError, gateway_error
from merchant_sdk.retries import Attempts, Budget

COUNTER = Configurations.Counter.v1()
CHANCES = st.floats(min_value=0.0, max_value=1.0, exclude_max=True)


def attempts(method: Method = Method.SALE, until: float = 100.0, is_in_doubt: bool = False) -> Attempts:
    """Attempts that end at `until` and whose chance is always one half."""
    return Attempts(method, COUNTER, until, lambda: 0.5, is_in_doubt)


def error(
    status: StatusCode, reason: Reason = Reason.UNSPECIFIED, retry_after_s: float | None = None
) -> GatewayError:
    """A failed call."""
    return gateway_error(Refusal(status, "", reason=reason, retry_after_s=retry_after_s))


@given(failures=st.integers(min_value=1, max_value=100_000), chance=CHANCES)
def test_the_jitter_is_bounded(failures: int, chance: float) -> None:
    """A wait lies between half of its step and the step, and the step never above the longest."""
    backoff = Backoff(first_s=0.1, longest_s=1.0)
    step_s = min(0.1 * 2 ** min(failures - 1, 64), 1.0)
    assert step_s / 2 <= backoff.delay_s(failures, chance) <= step_s


def test_tills_that_fail_together_do_not_come_back_together() -> None:
    """Different chances give different waits."""
    backoff = Backoff(first_s=0.1, longest_s=1.0)
    assert 100 == len({backoff.delay_s(3, n / 100) for n in range(100)})


@given(retry_after_s=st.floats(min_value=0, max_value=50), chance=CHANCES)
def test_a_named_wait_is_kept_and_jitter_only_adds_to_it(retry_after_s: float, chance: float) -> None:
    """The gateway is never asked before the time that its RetryInfo names."""
    asked = Attempts(Method.SALE, COUNTER, 100.0, lambda: chance)
    delay_s = asked.delay_s(error(StatusCode.RESOURCE_EXHAUSTED, Reason.OVERLOADED, retry_after_s), 0.0)
    assert delay_s is not None
    assert retry_after_s <= delay_s <= retry_after_s + COUNTER.backoff.first_s


def test_exhaustion_without_a_named_wait_is_not_retried() -> None:
    """A message that is too large is RESOURCE_EXHAUSTED as well, and will be the next time."""
    assert attempts().delay_s(error(StatusCode.RESOURCE_EXHAUSTED), 0.0) is None


def test_a_deadline_is_tried_once_more_and_no_further() -> None:
    """DEADLINE_EXCEEDED: once with the same id, then it is for finding out."""
    asked = attempts()
    assert asked.delay_s(error(StatusCode.DEADLINE_EXCEEDED), 0.0) == 0.0
    assert asked.delay_s(error(StatusCode.DEADLINE_EXCEEDED), 0.0) is None


def test_no_attempt_begins_after_the_time_is_over() -> None:
    """The caller's time bounds waits and attempts alike."""
    asked = attempts(until=10.0)
    assert asked.delay_s(error(StatusCode.UNAVAILABLE), 9.99) is None
    assert [2.0, 1.0, 0.0] == [asked.timeout_s(now) for now in (0.0, 9.0, 11.0)]


@pytest.mark.parametrize("status", list(StatusCode))
def test_only_four_statuses_are_ever_retried(status: StatusCode) -> None:
    """The rest is told to the caller at once."""
    retried = {
        StatusCode.CANCELLED,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.UNAVAILABLE,
    }
    delay_s = attempts().delay_s(error(status, retry_after_s=0.1), 0.0)
    assert (status in retried) == (delay_s is not None)


@pytest.mark.parametrize(
    ("status", "reason", "leaves_doubt"),
    [
        (StatusCode.UNAVAILABLE, Reason.UNAVAILABLE, True),
        (StatusCode.UNAVAILABLE, Reason.UNSPECIFIED, True),
        (StatusCode.DEADLINE_EXCEEDED, Reason.UNSPECIFIED, True),
        (StatusCode.DEADLINE_EXCEEDED, Reason.EXPIRED_IN_QUEUE, False),
        (StatusCode.RESOURCE_EXHAUSTED, Reason.OVERLOADED, False),
        (StatusCode.RESOURCE_EXHAUSTED, Reason.UNSPECIFIED, True),
        (StatusCode.INTERNAL, Reason.UNSPECIFIED, True),
        (StatusCode.UNKNOWN, Reason.UNSPECIFIED, True),
        (StatusCode.CANCELLED, Reason.UNSPECIFIED, True),
        (StatusCode.INVALID_ARGUMENT, Reason.TOTAL_MISMATCH, False),
        (StatusCode.ALREADY_EXISTS, Reason.REQUEST_ID_CONFLICT, False),
        (StatusCode.UNAUTHENTICATED, Reason.CLIENT_REVOKED, False),
        (StatusCode.PERMISSION_DENIED, Reason.TERMINAL_NOT_YOURS, False),
    ],
)
def test_a_refusal_that_the_gateway_vouches_for_leaves_no_doubt(
    status: StatusCode, reason: Reason, leaves_doubt: bool
) -> None:
    """Whatever else happened may have been done: so it is found out, never assumed."""
    asked = attempts()
    asked.delay_s(error(status, reason), 0.0)
    assert leaves_doubt is asked.is_in_doubt


def test_doubt_outlives_refusals_but_not_those_that_follow_from_the_body() -> None:
    """Busy or revoked now says nothing of the attempt before; malformed says that it never was."""
    asked = attempts(is_in_doubt=True)
    for status, reason in (
        (StatusCode.RESOURCE_EXHAUSTED, Reason.OVERLOADED),
        (StatusCode.UNAUTHENTICATED, Reason.CLIENT_REVOKED),
        (StatusCode.NOT_FOUND, Reason.NOT_FOUND),
    ):
        asked.delay_s(error(status, reason), 0.0)
        assert asked.is_in_doubt
    asked.delay_s(error(StatusCode.INVALID_ARGUMENT, Reason.TOTAL_MISMATCH), 0.0)
    assert not asked.is_in_doubt


def test_a_sale_keeps_time_back_for_undoing_and_a_capture_does_not() -> None:
    """The total is the caller's; at most half of it is kept back."""
    assert Budget(105.0, 108.0) == Budget.start(Method.SALE, COUNTER, 100.0)
    assert Budget(102.0, 104.0) == Budget.start(Method.SALE, COUNTER, 100.0, timeout_s=4.0)
    assert Budget(108.0, 108.0) == Budget.start(Method.CAPTURE, COUNTER, 100.0)
    with pytest.raises(ValueError, match="timeout_s"):
        Budget.start(Method.CAPTURE, COUNTER, 100.0, timeout_s=0.0)


@pytest.mark.parametrize("status", list(StatusCode))
def test_every_status_has_its_exception(status: StatusCode) -> None:
    """One table; what is not in it is unexpected, and says so."""
    assert EXCEPTIONS.get(status, UnexpectedStatusError) is type(error(status))


@pytest.mark.parametrize("preset", [Configurations.Counter.v1(), Configurations.BackOffice.v1()])
def test_presets_leave_time_for_two_attempts_and_for_undoing(preset: Configuration) -> None:
    """A deadline may be missed once, repeated, and the rest is enough to read and void."""
    assert 2 * preset.attempt_timeout_s <= preset.total_timeout_s - preset.undo_reserve_s
    assert preset.attempt_timeout_s <= preset.undo_reserve_s


def test_presets_are_frozen_by_version() -> None:
    """What v1 says today it says for ever; an improvement is v2."""
    counter, office = Configurations.Counter.v1(), Configurations.BackOffice.v1()
    assert (2.0, 8.0, 3.0, 60.0) == (
        counter.attempt_timeout_s,
        counter.total_timeout_s,
        counter.undo_reserve_s,
        counter.keepalive_interval_s,
    )
    assert (15.0, 60.0, 20.0, 120.0) == (
        office.attempt_timeout_s,
        office.total_timeout_s,
        office.undo_reserve_s,
        office.keepalive_interval_s,
    )


@pytest.mark.parametrize(
    ("attempt_s", "reserve_s", "first_s", "named"),
    [
        (0.0, 1.0, 0.1, "attempt"),
        (9.0, 1.0, 0.1, "attempt"),
        (1.0, 8.0, 0.1, "undo"),
        (1.0, 1.0, 0.0, "backoff"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    attempt_s: float, reserve_s: float, first_s: float, named: str
) -> None:
    """A configuration that cannot work is never made."""
    with pytest.raises(ConfigurationError, match=named):
        Configuration(
            attempt_timeout_s=attempt_s,
            total_timeout_s=8.0,
            undo_reserve_s=reserve_s,
            backoff=Backoff(first_s, 1.0),
            keepalive_interval_s=60.0,
            keepalive_timeout_s=5.0,
            keeps_alive_when_idle=True,
        )
