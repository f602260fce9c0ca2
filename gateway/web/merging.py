"""Metrics of several processes as one page: each family once, each sample with the process it is of."""

from collections.abc import Mapping


def merged_expositions(pages: Mapping[str, str]) -> str:
    """One page in Prometheus' text format of the pages of several workers, by their names.

    A family's HELP and TYPE are taken from the first page that has it, as the format allows them once only.
    """
    headers: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for worker, page in pages.items():
        family = ""
        is_known = True
        for line in page.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                is_known = family in headers
                headers.setdefault(family, [])
            if not line.startswith("#"):
                samples.setdefault(family, []).append(_labelled(line, worker))
            elif not is_known:
                headers[family].append(line)
    lines = [line for family in headers for line in (*headers[family], *samples.get(family, ()))]
    return "".join(f"{line}\n" for line in lines)


def _labelled(sample: str, worker: str) -> str:
    name, brace, rest = sample.partition("{")
    if brace:
        return f'{name}{{worker="{worker}",{rest}'
    name, _, value = sample.partition(" ")
    return f'{name}{{worker="{worker}"}} {value}'
