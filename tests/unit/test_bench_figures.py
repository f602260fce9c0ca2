"""The figures of the bench: percentiles, ratios, the results file, what /proc says, when tills send."""

import os
import random
import statistics
from itertools import pairwise
from pathlib import Path

import pytest

from loadtests.bench.clients import Answered, percentile
from loadtests.bench.latency import at_the_till
from loadtests.bench.memory import flatness
from loadtests.bench.processes import PAGE_BYTES, TICKS_PER_S, ProcessStat, cpu_s, tree
from loadtests.bench.report import markdown
from loadtests.bench.results import load, merge, ratio_of, store
from loadtests.bench.schedule import arrival_times_s


def test_a_percentile_is_a_value_that_so_many_did_not_exceed() -> None:
    """The nearest rank: never a value between two measured ones, and the largest only at the very end."""
    values = list(range(1, 1001))
    assert percentile(values, 0.5) == 500
    assert percentile(values, 0.99) == 990
    assert percentile(values, 0.999) == 999
    assert percentile(values, 1.0) == 1000
    assert percentile([7], 0.5) == 7


def test_nothing_measured_has_no_percentile() -> None:
    """An empty load is unknown, not fast."""
    assert str(percentile([], 0.99)) == "nan"


def test_a_ratio_is_the_median_of_neighbouring_rounds() -> None:
    """A disturbance that slows both sides of one round leaves its ratio as it is."""
    ratio = ratio_of([50.0, 5.0, 60.0], [100.0, 10.0, 100.0])
    assert [0.5, 0.5, 0.6] == ratio["rounds"]
    assert (0.5, 0.5, 0.6) == (ratio["median"], ratio["min"], ratio["max"])


def test_rounds_that_do_not_pair_are_refused() -> None:
    """A ratio of medians of different rounds would not be one of neighbours."""
    with pytest.raises(ValueError, match="shorter"):
        ratio_of([1.0, 2.0], [1.0])


def test_a_part_that_is_measured_again_replaces_itself_alone(tmp_path: Path) -> None:
    """The file keeps the other parts with their own dates, and the three keys stand at its top."""
    path = tmp_path / "results" / "latest.json"
    assert {} == load(path)
    ratio = ratio_of([1.0], [2.0])
    store(merge(load(path), "memory", {"measured_at": "then", "last_mib": 1.0}), path)
    store(merge(load(path), "throughput", {"measured_at": "now", "unary_over_echo": ratio}), path)
    kept = load(path)
    assert {"measured_at": "then", "last_mib": 1.0} == kept["memory"]
    assert ratio == kept["unary_over_echo"] == kept["throughput"]["unary_over_echo"]


def test_arrivals_come_at_the_rate_that_was_asked_for() -> None:
    """The mean of a Poisson stream is its rate; instants rise and end with the interval."""
    times = list(arrival_times_s(500.0, 20.0, random.Random(7)))
    assert times == sorted(times)
    assert 0 < times[0]
    assert times[-1] < 20.0
    assert 10_000 == pytest.approx(len(times), rel=0.05)
    gaps = [b - a for a, b in pairwise(times)]
    assert statistics.mean(gaps) == pytest.approx(statistics.stdev(gaps), rel=0.1)


def test_the_line_of_a_process_is_read_whatever_its_name() -> None:
    """A program may call itself `a) R (b`; CPU time includes children that were waited for."""
    fields = "S 41 1 1 0 -1 4194560 9 9 0 0 100 20 3 4 20 0 1 0 5 1000 77"
    stat = ProcessStat.parse("42 (a) R (b) " + fields + " 18446744073709551615 0 0")
    assert ProcessStat(pid=42, parent_pid=41, cpu_ticks=127, resident_bytes=77 * PAGE_BYTES) == stat


def test_the_tree_of_a_process_begins_with_itself() -> None:
    """What is measured is the process and what it started; a process that has gone has no tree."""
    own = tree(os.getpid())
    assert os.getpid() == own[0].pid
    assert sum(stat.cpu_ticks for stat in own) / TICKS_PER_S <= cpu_s(os.getpid())
    assert [] == tree(2**22 + 1)


def test_a_refused_arrival_counts_as_asked_and_not_as_served() -> None:
    """A gateway that refuses half serves half, however fast its refusals are."""
    answered = Answered(10.0, 1.0, [1000] * 50, {"RESOURCE_EXHAUSTED": 50})
    found = at_the_till(answered, 10.0)
    assert (10.0, 5.0, 5.0) == (found["asked_per_s"], found["served_per_s"], found["refused_per_s"])
    assert 1.0 == found["p99_9_ms"]


def test_what_comes_after_the_end_lowers_what_was_served() -> None:
    """A backlog that is worked off later does not count as the rate that was held."""
    assert 5.0 == at_the_till(Answered(20.0, 1.0, [1000] * 100, {}), 10.0)["served_per_s"]


def test_memory_is_judged_after_its_warm_up() -> None:
    """The first fifth may grow as it likes; a MiB each second after it is 3,600 an hour."""
    warm = [10 * 2**20 * n for n in range(20)]
    found = flatness(warm + [(200 + n) * 2**20 for n in range(80)])
    assert 3600.0 == pytest.approx(found["slope_mib_per_hour"])
    assert (200.0, 279.0, 279.0) == (found["first_mib"], found["last_mib"], found["max_mib"])


def test_markdown_has_a_table_for_each_part_that_is_there() -> None:
    """Parts that were never measured leave no empty table."""
    text = markdown({"startup": {"measured_at": "now", "first_s": 1.0, "rounds": [1.0, 2.0, 3.0]}})
    assert "| process start to ready | 1.00 | 2.00 (1.00 to 3.00) |" in text
    assert 1 == text.count("**") // 2
