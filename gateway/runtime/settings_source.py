"""Reads a model of settings from the environment and a TOML file, and says exactly what is wrong."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import annotated_types
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

PREFIX = "TILLGATE_"
CONFIG_VARIABLE = "TILLGATE_CONFIG"

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(Exception):
    """Settings that the gateway cannot start with; `problems` has one sentence for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load(model: type[Model], environment: Mapping[str, str], overrides: Mapping[str, Any]) -> Model:
    """Overrides over environment over file over defaults; raises SettingsError with all problems at once."""
    config_path = environment.get(CONFIG_VARIABLE, "")
    from_file = _read_toml(Path(config_path)) if config_path else {}
    from_environment = {
        name: value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE
    }
    known = model.model_fields
    variables = {variable(name): name for name in known}
    problems = [
        *(
            _unknown(name, [*variables, CONFIG_VARIABLE], "the environment")
            for name in from_environment
            if name not in variables
        ),
        *(_unknown(name, known, config_path) for name in from_file if name not in known),
    ]
    values = {name: value for name, value in from_file.items() if name in known}
    values |= {variables[name]: value for name, value in from_environment.items() if name in variables}
    values |= overrides
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        problems += [_wrong_value(model, details) for details in error.errors()]
    except SettingsError as error:
        problems += error.problems
    if problems:
        raise SettingsError(problems)
    return settings


def markdown(model: type[BaseModel]) -> str:
    """The settings as a page for operators: those of the model itself, then those that it inherits."""
    own = model.__annotations__
    rows = [
        f"| `{variable(name)}` | {_kind(field)} | {_default(field)} | {field.description} |"
        for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in own)
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Made by `python -m gateway.runtime.settings`; do not edit.",
            "",
            "A setting is read from its variable, else from the TOML file that `TILLGATE_CONFIG` names",
            "(there under its name in lower case, without `TILLGATE_`), else it has its default. An unknown",
            "name and a value that does not fit stop the gateway at its start, and are named.",
            "",
            "| variable | values | default | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{CONFIG_VARIABLE}: {path} cannot be read: {error.strerror}"]) from None
    except (ValueError, RecursionError) as error:  # no text, no TOML, or too much of it
        raise SettingsError([f"{CONFIG_VARIABLE}: {path} is not TOML: {error}"]) from None


def _unknown(name: str, known: Iterable[str], source: str) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"{name} in {source} is no setting" + (f"; did you mean {near[0]}?" if near else "")


def _wrong_value(model: type[BaseModel], details: ErrorDetails) -> str:
    name = str(details["loc"][0])
    field = model.model_fields[name]
    why = details["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    # A URL carries a password, which must not reach a log by way of an error.
    shown = f" not {details['input']!r}" if field.repr else ""
    return f"{variable(name)}: {why},{shown}" if shown else f"{variable(name)}: {why}"


def _kind(field: FieldInfo) -> str:
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    least = next((rule.ge for rule in field.metadata if isinstance(rule, annotated_types.Ge)), None)
    most = next((rule.le for rule in field.metadata if isinstance(rule, annotated_types.Le)), None)
    if least is not None and most is not None:
        return f"{least} to {most}"
    return {bool: "`true`, `false`", str: "text" if field.repr else "URL"}.get(annotation, "path")  # type: ignore[arg-type]


def _default(field: FieldInfo) -> str:
    value = field.default.value if isinstance(field.default, Enum) else field.default
    if value in (None, ""):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
