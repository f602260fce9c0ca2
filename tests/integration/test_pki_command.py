"""tillgate pki: authorities apart from each other, codes shown once, keys shut out and rotated."""

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.registry.keys.authorities import IssuingFolder
from gateway.registry.keys.codes import Code
from gateway.registry.keys.hmac_keys import HmacMaster
from gateway.registry.keys.outcome_keys import OutcomeKey, may_sign
from gateway.runtime.errors import StartError
from gateway.runtime.keys import load_issuing
from gateway.runtime.settings import load_settings
from tests.cli_kit import CommandLine

ROOT, ISSUING = "the root's passphrase", "the issuing passphrase"


@pytest.fixture
def fixtures(tillgate: CommandLine) -> CommandLine:
    """The command line, with example merchants."""
    assert 0 == tillgate("fixtures", "create", "--merchants", 1, "--outlets", 1).exit_code
    return tillgate


def descriptor(text: str) -> int:
    """A pipe from which a passphrase is read."""
    read, write = os.pipe()
    with closing(os.fdopen(write, "w")) as pipe:
        pipe.write(text + "\n")
    return read


def authorities(tillgate: CommandLine, folder: Path, command: str = "create-issuing") -> None:
    """A root, if there is none yet, and an issuing authority below it."""
    if not (folder / "root").exists():
        made = tillgate("pki", "init-root", "--to", folder / "root", "--root-fd", descriptor(ROOT))
        assert 0 == made.exit_code, made.output
    passphrases = ("--root-fd", descriptor(ROOT), "--issuing-fd", descriptor(ISSUING))
    made = tillgate("pki", command, "--root", folder / "root", "--to", folder / "issuing", *passphrases)
    assert 0 == made.exit_code, made.output


def test_authorities_are_made_rotated_and_shown(fixtures: CommandLine, tmp_path: Path) -> None:
    """The enrolment process opens the newest by its passphrase file; tills go on trusting one root."""
    authorities(fixtures, tmp_path)
    first = IssuingFolder(tmp_path / "issuing").certificates()
    authorities(fixtures, tmp_path, "rotate-issuing")
    assert (1, 2) == (len(first), len(IssuingFolder(tmp_path / "issuing").certificates()))
    (tmp_path / "passphrase").write_text(f"{ISSUING}\n")
    (tmp_path / "passphrase").chmod(0o600)
    environment = {
        **fixtures.environment,
        "TILLGATE_ISSUING_DIR": str(tmp_path / "issuing"),
        "TILLGATE_ISSUING_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
    }
    issuing, roots = load_issuing(load_settings(environment))
    assert issuing.root_pem == roots == (tmp_path / "root" / "root.pem").read_bytes()
    shown = CommandLine(fixtures.postgres, fixtures.database, environment)("pki", "status").stdout
    assert f"{first[0][1].not_valid_after_utc:%Y-%m-%d}" in shown
    with pytest.raises(StartError, match="ISSUING_PASSPHRASE_FILE"):
        load_issuing(load_settings(environment | {"TILLGATE_ISSUING_PASSPHRASE_FILE": ""}))


def test_nothing_is_made_twice_or_with_a_wrong_passphrase(tillgate: CommandLine, tmp_path: Path) -> None:
    """Each refusal is one line, and what is there stays."""
    authorities(tillgate, tmp_path)
    before = sorted(path for path in tmp_path.rglob("*.pem"))
    root, issuing = ("--root", tmp_path / "root"), ("--to", tmp_path / "issuing")
    for arguments in (
        ("init-root", "--to", tmp_path / "root", "--root-fd", descriptor(ROOT)),
        ("init-root", "--to", tmp_path / "weak", "--root-fd", descriptor("short")),
        ("create-issuing", *root, *issuing, "--root-fd", descriptor(ROOT), "--issuing-fd",
         descriptor(ISSUING)),
        ("rotate-issuing", *root, *issuing, "--root-fd", descriptor("wrong, I am afraid"), "--issuing-fd",
         descriptor(ISSUING)),
        ("rotate-issuing", *root, "--to", tmp_path / "none", "--root-fd", descriptor(ROOT), "--issuing-fd",
         descriptor(ISSUING)),
    ):  # fmt: skip
        result = tillgate("pki", *arguments)
        assert 1 == result.exit_code
        assert result.output.startswith("Error: ")
        assert ROOT not in result.output
    assert before == sorted(path for path in tmp_path.rglob("*.pem"))


def test_a_server_is_certified_by_the_root_alone(tillgate: CommandLine, tmp_path: Path) -> None:
    """Under every name that it has."""
    authorities(tillgate, tmp_path)
    to = ("--to", tmp_path / "server", "--root-fd", descriptor(ROOT))
    names = ("--name", "gateway.example", "--name", "10.0.0.7")
    assert 0 == tillgate("pki", "issue-server", "--root", tmp_path / "root", *names, *to).exit_code
    certificate = x509.load_pem_x509_certificate((tmp_path / "server" / "cert.pem").read_bytes())
    root = x509.load_pem_x509_certificate((tmp_path / "root" / "root.pem").read_bytes())
    certificate.verify_directly_issued_by(root)
    assert 0o600 == (tmp_path / "server" / "key.pem").stat().st_mode & 0o777


def test_a_code_is_shown_once_and_kept_as_a_hash(fixtures: CommandLine) -> None:
    """A new one withdraws the one before; unknown terminals get none."""
    for _ in range(2):
        result = fixtures("pki", "issue-code", "--terminal", 1, "--by", "Первый")
        code = Code.read(result.stdout.splitlines()[0])
        assert code is not None
        assert code.secret not in fixtures.sql("SELECT * FROM enrollment_code")
    assert "2|1" == fixtures.sql("SELECT count(*), count(withdrawn_at) FROM enrollment_code").strip()
    for arguments in (
        ("--terminal", 999, "--by", "Первый"),
        ("--terminal", 1, "--concentrator", 1, "--by", "Первый"),
        ("--by", "Первый"),
        ("--terminal", 1, "--hours", 25, "--by", "Первый"),
    ):
        assert 0 != fixtures("pki", "issue-code", *arguments).exit_code


def test_a_client_is_shut_out_whole_or_by_one_key(fixtures: CommandLine, data_dir: Path) -> None:
    """By its certificate, by the fingerprint, or with all its keys and codes."""
    fixtures("pki", "issue-code", "--terminal", 1, "--by", "Первый")
    second = data_dir / "fixtures" / "terminals" / "2" / "cert.pem"
    assert "1 keys" in fixtures("pki", "revoke", "--terminal", 1, "--reason", "stolen").stdout
    assert 0 == fixtures("pki", "revoke", "--certificate", second, "--reason", "lost").exit_code
    rows = fixtures.sql(
        "SELECT terminal_id, revoke_reason FROM client_key WHERE revoked_at IS NOT NULL ORDER BY 1"
    )
    assert ["1|stolen", "2|lost"] == rows.split()
    assert "1" == fixtures.sql("SELECT count(withdrawn_at) FROM enrollment_code").strip()
    for wrong in (
        ("--fingerprint", "00" * 32),
        ("--fingerprint", "no"),
        ("--terminal", 1, "--fingerprint", "00"),
    ):
        assert 0 != fixtures("pki", "revoke", *wrong, "--reason", "x").exit_code


def test_a_certificate_of_another_authority_is_registered(fixtures: CommandLine, data_dir: Path) -> None:
    """For doors behind a proxy; never for two clients."""
    third = data_dir / "keys" / "pki" / "issuing.pem"
    assert 0 == fixtures("pki", "register", "--terminal", 1, "--certificate", third).exit_code
    fingerprint = x509.load_pem_x509_certificate(third.read_bytes()).fingerprint(SHA256()).hex()
    assert fingerprint in fixtures.sql("SELECT encode(fingerprint, 'hex') FROM client_key")
    again = fixtures("pki", "register", "--terminal", 2, "--certificate", third)
    assert (1, True) == (again.exit_code, "registered already" in again.output)


def test_hmac_keys_are_derived_and_numbered(fixtures: CommandLine, tmp_path: Path) -> None:
    """The client's file has its key; the database has none."""
    assert 1 == fixtures("pki", "hmac-key", "--terminal", 1, "--to", tmp_path / "key").exit_code
    assert 0 == fixtures("pki", "create-hmac-master", "--to", tmp_path / "master").exit_code
    environment = {**fixtures.environment, "TILLGATE_HMAC_MASTER_KEY_FILE": str(tmp_path / "master")}
    tillgate = CommandLine(fixtures.postgres, fixtures.database, environment)
    for version in (1, 2):
        file = tmp_path / f"key-{version}"
        assert 0 == tillgate("pki", "hmac-key", "--terminal", 1, "--to", file).exit_code
        named, key = file.read_text().split()
        assert f"terminal-1.{version}" == named
        assert HmacMaster.load(tmp_path / "master").key(named).hex() == key
        assert 0o600 == file.stat().st_mode & 0o777
        assert key not in tillgate.sql("SELECT encode(fingerprint, 'hex') FROM client_key")
    again = tillgate("pki", "hmac-key", "--terminal", 1, "--to", tmp_path / "key-1")
    assert 1 == again.exit_code
    assert "2" == tillgate.sql("SELECT count(*) FROM client_key WHERE kind = 'HMAC'").strip()


def test_keys_of_outcomes_follow_each_other(fixtures: CommandLine, tmp_path: Path, data_dir: Path) -> None:
    """Published before one signs, retired after it has, and never gone."""
    first = data_dir / "keys" / "outcome_signing_key.pem"
    assert 0 == fixtures("pki", "publish-outcome-key", first).exit_code
    rotated = fixtures("pki", "rotate-outcome-key", "--to", tmp_path / "next.pem")
    assert 0 == rotated.exit_code
    new = rotated.stdout.split()[0]
    [old] = set(fixtures.sql("SELECT key_id FROM outcome_key").split()) - {new}
    assert 0 == fixtures("pki", "retire-outcome-key", old).exit_code
    assert "2" == fixtures.sql("SELECT count(*) FROM outcome_key").strip()
    assert 1 == fixtures("pki", "retire-outcome-key", "outcome-none").exit_code
    shown = fixtures("pki", "status").stdout
    assert old in shown
    assert new in shown


def test_a_key_signs_only_while_tills_know_it() -> None:
    """Where any is published; a new installation has none yet."""
    now = datetime.now(UTC)
    published = OutcomeKey("in-use", bytes(32), now, None), OutcomeKey("old", bytes(32), now, now)
    assert [True, False, False] == [may_sign(name, published) for name in ("in-use", "old", "new")]
    assert may_sign("any", [])
