"""Settings: what is read, and how what is wrong is named."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.runtime import settings_source
from gateway.runtime.settings import Profile, Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
DATABASES = {
    "TILLGATE_DATABASE_URL": "postgresql+asyncpg://gateway:secret@db/tillgate",
    "TILLGATE_DATABASE_MIGRATOR_URL": "postgresql+asyncpg://migrator:secret@db/tillgate",
    "TILLGATE_DATABASE_READER_URL": "postgresql+asyncpg://reader:secret@db/tillgate",
}
KEY_NAMES = (
    *("TLS_CA_FILE", "TLS_CERT_FILE", "TLS_KEY_FILE"),
    *("SIGNING_KEY_FILE", "CARD_TOKEN_KEY_FILE", "STOP_LIST_KEY_FILE"),
)


def problems_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What loading this environment is refused for."""
    with pytest.raises(SettingsError) as refusal:
        load_settings(environment)
    return refusal.value.problems


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """A complete environment of the production profile."""
    environment = {
        "TILLGATE_PROFILE": "production",
        "TILLGATE_REDIS_URL": "redis://cache:6379/0",
        **DATABASES,
    }
    for name in KEY_NAMES:
        file = tmp_path / name.lower()
        file.write_text("key")
        file.chmod(0o600)
        environment[f"TILLGATE_{name}"] = str(file)
    return environment


def test_nothing_needs_to_be_set_in_development() -> None:
    """An empty environment gives the development profile with embedded servers."""
    settings = load_settings({})
    assert Profile.DEVELOPMENT is settings.profile
    assert ("", "") == (settings.database_url, settings.redis_url)


def test_variables_win_over_the_file_and_overrides_over_both(tmp_path: Path) -> None:
    """Precedence is override, environment, file, default."""
    file = tmp_path / "tillgate.toml"
    file.write_text('grpc_port = 1001\nhttp_port = 1002\nlog_level = "debug"\n')
    environment = {"TILLGATE_CONFIG": str(file), "TILLGATE_GRPC_PORT": "2001", "TILLGATE_HTTP_PORT": "2002"}
    settings = load_settings(environment, http_port=3002)
    assert (2001, 3002, "debug") == (settings.grpc_port, settings.http_port, settings.log_level)


def test_other_programs_variables_are_none_of_our_business() -> None:
    """Only TILLGATE_ variables are looked at."""
    assert Settings() == load_settings({"GRPC_PORT": "x", "PATH": "/bin"})


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    """A typing error does not silently leave the default in force."""
    expected = "TILLGATE_GRPC_PROT in the environment is no setting; did you mean TILLGATE_GRPC_PORT?"
    assert (expected,) == problems_of({"TILLGATE_GRPC_PROT": "7443"})


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    """The file is held to the same rule as the environment."""
    file = tmp_path / "tillgate.toml"
    file.write_text("hold_tll_s = 60\n")
    expected = f"hold_tll_s in {file} is no setting; did you mean hold_ttl_s?"
    assert (expected,) == problems_of({"TILLGATE_CONFIG": str(file)})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("GRPC_PORT", "abc", "should be a valid integer, unable to parse string as an integer, not 'abc'"),
        ("GRPC_PORT", "70000", "should be less than or equal to 65535, not '70000'"),
        ("HOLD_TTL_S", "0", "should be greater than or equal to 1, not '0'"),
        ("PROFILE", "prod", "should be 'development' or 'production', not 'prod'"),
        ("LOG_JSON", "perhaps", "should be a valid boolean, unable to interpret input, not 'perhaps'"),
        ("GRPC_HOST", "", "should have at least 1 character, not ''"),
        ("REDIS_URL", "http://cache", "should begin with redis://, rediss:// or unix://"),
        ("REFUND_SCOPE", "till", "should be 'merchant' or 'outlet', not 'till'"),
    ],
)
def test_a_wrong_value_is_refused_by_name_with_what_is_expected(name: str, value: str, expected: str) -> None:
    """The message alone is enough to repair the setting."""
    assert (f"TILLGATE_{name}: {expected}",) == problems_of({f"TILLGATE_{name}": value})


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@db/x", "hunter2", "postgresql+asyncpg://u:hunter2@db:x/y"]
)
def test_a_refused_url_does_not_show_its_password(url: str) -> None:
    """Errors reach logs, and passwords must not."""
    (problem,) = problems_of(DATABASES | {"TILLGATE_DATABASE_URL": url})
    assert problem.startswith("TILLGATE_DATABASE_URL: should ")
    assert "hunter2" not in problem


def test_settings_do_not_show_passwords() -> None:
    """Printing the settings, as a start-up log may, shows no database password."""
    assert "secret" not in repr(load_settings(DATABASES))


def test_all_problems_are_told_at_once() -> None:
    """An operator repairs everything in one go."""
    assert 3 == len(problems_of({"TILLGATE_GRPC_PORT": "x", "TILLGATE_HTTP_PORT": "y", "TILLGATE_NONE": "z"}))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file, and one that is not TOML, stop the start."""
    missing = tmp_path / "none.toml"
    expected = (f"TILLGATE_CONFIG: {missing} cannot be read: No such file or directory",)
    assert expected == problems_of({"TILLGATE_CONFIG": str(missing)})
    missing.write_text("grpc_port =")
    (problem,) = problems_of({"TILLGATE_CONFIG": str(missing)})
    assert problem.startswith(f"TILLGATE_CONFIG: {missing} is not TOML: ")


def test_a_part_of_the_database_urls_is_refused() -> None:
    """A gateway must not serve one database and migrate another, embedded one."""
    del (partial := dict(DATABASES))["TILLGATE_DATABASE_READER_URL"]
    expected = "TILLGATE_DATABASE_READER_URL: give all three database URLs or none"
    assert (expected,) == problems_of(partial)


def test_a_complete_production_environment_is_accepted(production: dict[str, str]) -> None:
    """Nothing more than this is asked of production."""
    assert Profile.PRODUCTION is load_settings(production).profile


def test_production_refuses_embedded_servers_and_made_keys_by_name() -> None:
    """Every server and every key must be named."""
    problems = problems_of({"TILLGATE_PROFILE": "production"})
    named = [problem.partition(":")[0] for problem in problems]
    assert [*DATABASES, "TILLGATE_REDIS_URL", *(f"TILLGATE_{name}" for name in KEY_NAMES)] == named


def test_production_refuses_keys_that_the_gateway_made_for_development(production: dict[str, str]) -> None:
    """A key of data_dir/keys has no protection that production could count on."""
    keys_dir = Settings(data_dir=Path(production["TILLGATE_SIGNING_KEY_FILE"]).parent).keys_dir
    keys_dir.mkdir()
    file = keys_dir / "signing.pem"
    file.write_text("key")
    production |= {"TILLGATE_DATA_DIR": str(keys_dir.parent), "TILLGATE_SIGNING_KEY_FILE": str(file)}
    expected = (
        f"TILLGATE_SIGNING_KEY_FILE: {file} was made for development; the production profile refuses it"
    )
    assert (expected,) == problems_of(production)


def test_production_refuses_a_key_that_others_can_read(production: dict[str, str]) -> None:
    """A private key is for the gateway's account alone."""
    file = Path(production["TILLGATE_CARD_TOKEN_KEY_FILE"])
    file.chmod(0o644)
    expected = f"TILLGATE_CARD_TOKEN_KEY_FILE: {file} can be read by other users: chmod 600"
    assert (expected,) == problems_of(production)


def test_production_refuses_one_role_for_two_purposes(production: dict[str, str]) -> None:
    """The role that serves purchases must not own the tables."""
    production["TILLGATE_DATABASE_URL"] = production["TILLGATE_DATABASE_MIGRATOR_URL"]
    expected = "TILLGATE_DATABASE_URL: the production profile wants a role of its own for each of the three"
    assert (expected,) == problems_of(production)


def test_settings_cannot_be_changed() -> None:
    """What was checked at the start stays as it was."""
    name = "grpc_port"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(load_settings({}), name, 1)


def test_a_url_of_several_hosts_must_ask_for_the_one_that_takes_writes() -> None:
    """Without it a gateway could read from a standby and fail at its first purchase; a reader may."""
    several = "postgresql+asyncpg://gateway@/tillgate?host=a:5432&host=b:5432"
    chosen = dict.fromkeys(DATABASES, f"{several}&target_session_attrs=read-write")
    assert chosen["TILLGATE_DATABASE_URL"] == load_settings(chosen).database_url
    assert several == load_settings({**chosen, "TILLGATE_DATABASE_READER_URL": several}).database_reader_url
    expected = "names several hosts and should end with target_session_attrs=read-write"
    assert (f"TILLGATE_DATABASE_URL: {expected}",) == problems_of(
        {**chosen, "TILLGATE_DATABASE_URL": several}
    )


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("host=a:5432&host=b", "names its hosts as host=A:5432&host=B:5432; All ports are required"),
        ("target_session_attrs=writable", "has a target_session_attrs that is none of any, primary, standby"),
    ],
)
def test_a_url_that_no_connection_could_come_from_is_refused_at_the_start(query: str, problem: str) -> None:
    """The text says what would be right, and never repeats the URL, which has a password."""
    urls = dict.fromkeys(DATABASES, f"postgresql+asyncpg://gateway:secret@/tillgate?{query}")
    problems = problems_of(urls)
    assert 3 == len(problems)
    assert all(problem in found and "secret" not in found for found in problems)


def test_the_page_of_settings_is_fresh() -> None:
    """docs/settings.md is what `python -m gateway.runtime.settings` prints."""
    assert settings_source.markdown(Settings) == (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def test_a_list_is_told_to_the_nodes_no_later_than_a_decision_may_be_old() -> None:
    """A decision that took the list before must be written by then, or never."""
    problems = problems_of({"TILLGATE_REFERENCE_LEAD_S": "30", "TILLGATE_DECISION_MAX_AGE_S": "31"})
    assert ("TILLGATE_REFERENCE_LEAD_S: must not be shorter than decision_max_age_s (31)",) == problems
    assert 31 == load_settings({"TILLGATE_REFERENCE_LEAD_S": "31"}).reference_lead_s
