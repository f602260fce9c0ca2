"""tillgate-till: apply to join, get a till its certificate, renew it, look whether the gateway serves it."""

import argparse
import base64
import binascii
import json
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import grpc
from google.protobuf.json_format import ParseDict, ParseError

from merchant_sdk.credentials import TillCredentials
from merchant_sdk.enrollment import SECRET_BYTES, EnrollmentClient, enroll, renew
from merchant_sdk.enrollment_files import CredentialsFolder, write_anew
from merchant_sdk.enums import Reason
from merchant_sdk.errors import ConfigurationError, GatewayError, TillgateError
from merchant_sdk.failures import read_failure
from merchant_sdk.request_ids import new_request_id
from tillgate.v1 import enrollment_service_pb2 as wire
from tillgate.v1 import reference_service_pb2 as references

FAILED: Final = 1
KNOWN_WITHIN_S: Final = 3.0
"""A key that was just registered is known at every node within a second."""

_CHECK_TIMEOUT_S: Final = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what can be mended is told in one line."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except GatewayError as error:
        print(f"tillgate-till: {error.localized_message(chosen.language)}", file=sys.stderr)
        for violation in error.violations[1:]:
            print(f"  {violation.description}", file=sys.stderr)
        return FAILED
    except (TillgateError, OSError) as error:
        print(f"tillgate-till: {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tillgate-till", description=__doc__)
    parser.add_argument("--language", choices=("ru", "en"), default="ru", help="of what the gateway says")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, said: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=said, description=said)
        made.set_defaults(run=run)
        return made

    apply = command("apply", _apply, "submit an application to join, or the same one again")
    apply.add_argument("application", type=Path, help="JSON with the fields of the wire's Application")
    _at(apply)
    apply.add_argument("--out", type=Path, help="where number and secret are kept; APPLICATION.state.json")
    status = command("status", _status, "show what became of an application")
    status.add_argument("state", type=Path, help="what `apply` has kept")
    joins = command("enroll", _enroll, "make a key and get its certificate by a one-time code")
    _at(joins)
    joins.add_argument("--code", help="the code; without it, it is read from the standard input")
    joins.add_argument("--out", type=Path, required=True, metavar="DIR", help="the credentials folder")
    again = command("renew", _renew, "renew the certificate if a third of its time is left, fetch new keys")
    again.add_argument("folder", type=Path)
    again.add_argument("--now", action="store_true", help="also if it is early")
    check = command("check", _check, "connect as the till, and say whether the gateway serves it")
    check.add_argument("folder", type=Path)
    return parser


def _at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint", required=True, metavar="HOST:PORT", help="where clients enrol")
    parser.add_argument("--ca", type=Path, help="the gateway's root, PEM; the system's roots otherwise")


def _apply(chosen: argparse.Namespace) -> None:
    try:
        said = json.loads(chosen.application.read_bytes())
        application = ParseDict(said, wire.Application())
    except (ValueError, ParseError) as error:
        raise ConfigurationError(f"{chosen.application}: {error}") from error
    file = chosen.out or chosen.application.with_suffix(".state.json")
    ca_pem = chosen.ca.read_bytes() if chosen.ca else None
    if file.exists():
        state = _read_state(file)
    else:
        # Kept before it is sent: sent again, it is the same application.
        state = {
            "request_id": str(new_request_id()),
            "access_secret_base64": base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode(),
            "endpoint": chosen.endpoint,
            "ca_pem": ca_pem.decode("ascii") if ca_pem else "",
            "number": "",
        }
        _write_state(file, state)
    with EnrollmentClient(chosen.endpoint, ca_pem=ca_pem, language=chosen.language) as gateway:
        state["number"] = gateway.submit_application(
            application, UUID(state["request_id"]), _secret_of(state, file)
        )
    _write_state(file, state)
    print(state["number"])


def _status(chosen: argparse.Namespace) -> None:
    state = _read_state(chosen.state)
    if not state.get("number"):
        raise ConfigurationError(f"{chosen.state}: the application has no number yet: apply again")
    ca_pem = str(state["ca_pem"]).encode() or None
    with EnrollmentClient(str(state["endpoint"]), ca_pem=ca_pem, language=chosen.language) as gateway:
        found = gateway.application(str(state["number"]), _secret_of(state, chosen.state))
    print(f"{found.number}: {found.state}")
    for reason in found.reasons:
        print(f"  {reason}")
    if found.merchant_id:
        print(f"  merchant {found.merchant_id}")


def _enroll(chosen: argparse.Namespace) -> None:
    # An argument shows in the list of processes: who minds types it.
    code = chosen.code or sys.stdin.readline().strip()
    ca_pem = chosen.ca.read_bytes() if chosen.ca else None
    with EnrollmentClient(chosen.endpoint, ca_pem=ca_pem, language=chosen.language) as gateway:
        credentials = enroll(gateway, chosen.out, code)
    ends = CredentialsFolder(chosen.out).certificate().not_valid_after_utc
    print(f"{chosen.out}: terminal {credentials.terminal_id}, merchant {credentials.merchant_id}")
    print(f"certificate until {ends:%Y-%m-%d}, gateway {credentials.endpoint}")


def _renew(chosen: argparse.Namespace) -> None:
    is_renewed = renew(chosen.folder, even_if_early=chosen.now, language=chosen.language)
    ends = CredentialsFolder(chosen.folder).certificate().not_valid_after_utc
    print(f"{'renewed' if is_renewed else 'not due'}: certificate until {ends:%Y-%m-%d}")


def _check(chosen: argparse.Namespace) -> None:
    credentials = TillCredentials.from_folder(chosen.folder)
    tls = grpc.ssl_channel_credentials(
        credentials.ca_pem, credentials.private_key_pem, credentials.certificate_pem
    )
    path = references.DESCRIPTOR.services_by_name["ReferenceService"].full_name
    metadata = (("accept-language", chosen.language),)
    until = time.monotonic() + KNOWN_WITHIN_S
    with grpc.secure_channel(credentials.endpoint, tls) as channel:
        call = channel.unary_unary(
            f"/{path}/ListReferences",
            request_serializer=references.ListReferencesRequest.SerializeToString,
            response_deserializer=references.ListReferencesResponse.FromString,
        )
        while True:
            try:
                answer = call(references.ListReferencesRequest(), timeout=_CHECK_TIMEOUT_S, metadata=metadata)
                break
            except grpc.RpcError as failure:
                error = read_failure(failure, None)
                if error.reason is not Reason.CLIENT_UNKNOWN or time.monotonic() > until:
                    raise error from failure
            time.sleep(0.1)
    in_force = [
        f"{references.ReferenceKind.Name(one.kind)}:{one.version}"
        for one in answer.versions
        if one.is_in_force
    ]
    print(f"{credentials.endpoint} serves this client; lists in force: {', '.join(in_force) or 'shipped'}")
    certificate = CredentialsFolder(chosen.folder).certificate()
    print(f"certificate until {certificate.not_valid_after_utc:%Y-%m-%d}")


def _read_state(file: Path) -> dict[str, Any]:
    try:
        state = json.loads(file.read_bytes())
    except ValueError as error:
        raise ConfigurationError(f"{file} is not what `apply` keeps: {error}") from error
    if not isinstance(state, dict) or not {"request_id", "access_secret_base64", "endpoint"} <= state.keys():
        raise ConfigurationError(f"{file} is not what `apply` keeps")
    return state


def _write_state(file: Path, state: dict[str, Any]) -> None:
    write_anew(file, json.dumps(state, indent=1).encode() + b"\n", mode=0o600)


def _secret_of(state: dict[str, Any], file: Path) -> bytes:
    try:
        return base64.b64decode(state["access_secret_base64"], validate=True)
    except (binascii.Error, TypeError) as error:
        raise ConfigurationError(f"{file} is not what `apply` keeps") from error


if __name__ == "__main__":
    sys.exit(main())
