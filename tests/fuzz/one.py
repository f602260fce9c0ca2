"""Fuzz one target in this process: python -m tests.fuzz.one marking [libFuzzer's options and folders]."""

import sys

import atheris

from tests.fuzz.targets import check_of


def main() -> None:
    """Never returns: libFuzzer ends the process, with 0 if nothing was found."""
    name, *options = sys.argv[1:]
    # Enough of what a parser calls to see its branches; the rest of Python is not what is tried.
    with atheris.instrument_imports(
        include=["gateway", "settlement", "tests.fuzz", "defusedxml", "biip", "tomllib", "csv", "json"]
    ):
        check = check_of(name)
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
