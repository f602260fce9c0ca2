"""The bench measures what it says: every target answers, and pgbench writes what the gateway writes."""

import pytest

from loadtests.bench import flood
from loadtests.bench.report import markdown
from loadtests.bench.results import RATIOS, merge
from loadtests.bench.throughput import Options, measure


@pytest.mark.timeout(600)  # ten processes start, which takes long beside other work
def test_a_short_bench_reaches_every_target_with_the_same_rows() -> None:
    """One short round: all serve, the keys are there, a purchase of pgbench is as large as the gateway's."""
    found = measure(Options(rounds=1, seconds=1.0, accounts=1_000, workers=(1,)))
    targets = {"echo-1", "gateway-1", "exchange-1", "json-1", "plain", "pgbench"}
    assert targets == set(found["rounds"])
    assert all(rounds[0]["per_s"] > 0 for rounds in found["rounds"].values())
    assert all(found[key]["median"] > 0 for key in RATIOS)
    assert 0 < found["facts"]["known_lines"]["gateway-1"] <= 1
    ours, theirs = found["facts"]["written"]["gateway"], found["facts"]["written"]["pgbench"]
    assert 1.0 == ours["entries"] == theirs["entries"]
    for name in ("lines_bytes", "canonical_bytes", "payload_bytes"):
        assert ours[name] == pytest.approx(theirs[name], rel=0.1)
    text = markdown(merge({}, "throughput", {"measured_at": "now", **found}))
    assert all(target in text for target in targets)


def test_a_short_flood_says_for_each_share_what_was_served_and_what_was_sent_away() -> None:
    """Each share of the capacity that the same round found is asked for, and every call is accounted for."""
    found = flood.measure(accounts=1_000, seconds=1.0, rounds=1)
    assert {str(share) for share in flood.SHARES} == set(found["shares"])
    for share, rounds in found["shares"].items():
        (one,) = rounds
        assert one["asked_per_s"] == pytest.approx(float(share) * one["capacity_per_s"], rel=0.3)
        assert 0 < one["served_per_s"] <= one["asked_per_s"]
        assert one["by_name_per_s"] <= one["refused_per_s"] < one["asked_per_s"]
    (beside,) = found["strangers"]
    assert beside["tries_per_s"] > 0
    assert all(beside[which]["served_per_s"] > 0 for which in ("alone", "among"))
    assert "bad certificates/s" in markdown(merge({}, "flood", {"measured_at": "now", **found}))
    assert "Flood" in markdown(merge({}, "flood", {"measured_at": "now", **found}))
