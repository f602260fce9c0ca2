"""The bench measures what it says: every target answers, and pgbench writes what the gateway writes."""

import pytest

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
    ours, theirs = found["facts"]["written"]["gateway"], found["facts"]["written"]["pgbench"]
    assert 1.0 == ours["entries"] == theirs["entries"]
    for name in ("lines_bytes", "canonical_bytes", "payload_bytes"):
        assert ours[name] == pytest.approx(theirs[name], rel=0.1)
    text = markdown(merge({}, "throughput", {"measured_at": "now", **found}))
    assert all(target in text for target in targets)
