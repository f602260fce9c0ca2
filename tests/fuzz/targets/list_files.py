"""List files in TOML: prohibited lists, classes, programs, nominal values, category maps."""

import os
from datetime import UTC, datetime

from gateway.goods.importing.categories import load_category_map
from gateway.goods.loader import ListFileError, read_list_file
from gateway.goods.meaning import class_map, nominals, program, prohibited_list
from gateway.goods.rows import ClassesFile, NominalsFile, ProgramFile, ProhibitedFile
from tests.fuzz.targets import scratch

PATH = scratch() / f"tillgate-fuzz-list-{os.getpid()}.toml"


def check(data: bytes) -> None:
    """The first byte chooses the kind; what passes the reader has a meaning too."""
    which, data = (data[0] % 5, data[1:]) if data else (0, b"")
    PATH.write_bytes(data)
    try:
        if which == 0:
            rules = read_list_file(PATH, ProhibitedFile)
            prohibited_list(
                rules, version=rules.version, effective_from=datetime(2026, 1, 1, tzinfo=UTC), act=rules.act
            )
        elif which == 1:
            classes = read_list_file(PATH, ClassesFile)
            class_map(classes, version=classes.version)
        elif which == 2:
            program(read_list_file(PATH, ProgramFile))
        elif which == 3:
            list(nominals(read_list_file(PATH, NominalsFile).nominal))
        else:
            load_category_map(PATH)
    except ListFileError as error:
        assert error.problems
    finally:
        PATH.unlink()
