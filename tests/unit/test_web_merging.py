"""One page of metrics for several workers."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.web.merging import merged_expositions


def page(outcomes: int, *, histogram: bool = True) -> str:
    """What one worker exposes."""
    registry = CollectorRegistry()
    counter = Counter("outcomes", "Outcomes", ["kind"], registry=registry)
    counter.labels("SALE").inc(outcomes)
    Counter("batches", "Batches", registry=registry).inc(outcomes + 1)
    if histogram:
        Histogram("seconds", "Latency", registry=registry, buckets=(1, 2)).observe(1.5)
    return generate_latest(registry).decode()


def test_every_sample_names_its_worker_with_and_without_other_labels() -> None:
    """The figures themselves stay as they were."""
    families = text_string_to_metric_families(merged_expositions({"0": page(3), "1": page(5)}))
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert {
        ("outcomes_total", (("kind", "SALE"), ("worker", "0"))): 3,
        ("outcomes_total", (("kind", "SALE"), ("worker", "1"))): 5,
        ("batches_total", (("worker", "0"),)): 4,
        ("batches_total", (("worker", "1"),)): 6,
    } == found


def test_each_family_is_declared_once_and_its_samples_stand_together() -> None:
    """Prometheus refuses a page that says HELP or TYPE of a name twice, or comes back to a name later."""
    merged = merged_expositions({"0": page(3, histogram=False), "1": page(5)})
    for kind in ("HELP", "TYPE"):
        declared = [line.split()[2] for line in merged.splitlines() if line.startswith(f"# {kind} ")]
        assert sorted(set(declared)) == sorted(declared)
    blocks = [line.partition("{")[0] for line in merged.splitlines() if not line.startswith("#")]
    changes = [name for name, before in zip(blocks, ["", *blocks], strict=False) if name != before]
    assert len(set(changes)) == len(changes)
    assert 3 == sum(line.startswith("seconds_bucket{worker=") for line in merged.splitlines())


def test_no_page_is_an_empty_page() -> None:
    """While no worker answers there is nothing to say of any."""
    assert "" == merged_expositions({})
