"""The base install: a merchant gets the SDK and the stubs, and nothing of the server's libraries."""

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Imports every module of the SDK and of the stubs by name, wherever it is.
IMPORT_ALL = """
import importlib, pkgutil
import merchant_sdk, tillgate.v1
from tillgate.v1 import purchase_service_pb2_grpc
for package in (merchant_sdk, tillgate.v1):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
print(purchase_service_pb2_grpc.PurchaseServiceStub.__name__)
"""
WHICH_ARE_THERE = """
import importlib.util, sys
print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])
"""
SERVER_LIBRARIES = (
    "sqlalchemy",
    "alembic",
    "asyncpg",
    "aiohttp",
    "redis",
    "structlog",
    "pydantic",
    "orjson",
    "click",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built from the working tree."""
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(directory), str(ROOT)], check=True)
    (built,) = directory.glob("tillgate-*.whl")
    return built


def install(wheel: Path, directory: Path) -> str:
    """Installs the wheel without extras, at the locked versions, by itself; returns the Python."""
    pins = directory / "pins.txt"
    lock = (ROOT / "requirements.lock").read_text()
    pins.write_text("\n".join(re.findall(r"^[\w.-]+==[^\\\n]+", lock, re.MULTILINE)))
    venv.create(directory / "venv")
    python = str(directory / "venv" / "bin" / "python")
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--constraint",
        str(pins),
    ]
    subprocess.run([*command, str(wheel)], check=True)
    return python


def test_the_base_install_imports_the_sdk_and_brings_no_server_library(wheel: Path, tmp_path: Path) -> None:
    """Every module of merchant_sdk and tillgate.v1 works, and a till need not carry a database driver."""
    python = install(wheel, tmp_path)

    def run(code: str, *arguments: str) -> str:
        command = [python, "-I", "-c", code, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    assert "PurchaseServiceStub" == run(IMPORT_ALL)
    assert "[]" == run(WHICH_ARE_THERE, *SERVER_LIBRARIES)


def test_the_wheel_holds_the_wire_and_its_types(wheel: Path) -> None:
    """Integrators in any language find the .proto files; type checkers find the stubs' types."""
    names = zipfile.ZipFile(wheel).namelist()
    missing = {
        "tillgate/v1/purchase_service.proto",
        "tillgate/v1/purchase_service_pb2.pyi",
        "tillgate/v1/purchase_service_pb2_grpc.pyi",
        "tillgate/v1/py.typed",
        "merchant_sdk/py.typed",
    } - set(names)
    assert set() == missing
    assert [] == [name for name in names if name.startswith(("tests/", "loadtests/", "protos/", "var/"))]
