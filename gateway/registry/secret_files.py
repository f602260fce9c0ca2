"""Files that hold secrets: made once, readable by their owner alone, refused when others may read them."""

import base64
import binascii
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Final
from uuid import uuid4

KEY_BYTES: Final = 32
"""How long a symmetric key in a file is."""


class SecretFileError(Exception):
    """A secret's file cannot be used; the text names the file and what is wrong, never what it holds."""


def create_secret(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600, whole or not at all; raises FileExistsError if there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _written_beside(path, content)
    try:
        # A link refuses to replace what is there, which a rename does not.
        os.link(partial, path)
    finally:
        partial.unlink()


def replace_secret(path: Path, content: bytes) -> None:
    """Put another content in place of a secret's file, whole or not at all; raises OSError."""
    partial = _written_beside(path, content)
    try:
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _written_beside(path: Path, content: bytes) -> Path:
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return partial


def read_secret(path: Path) -> bytes:
    """The content of a secret's file; raises SecretFileError if it is absent or open to others."""
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise SecretFileError(f"{path} may be read by others: chmod 600 {path}")
        return path.read_bytes()
    except OSError as error:
        raise SecretFileError(f"{path}: {error.strerror}") from None


def create_key(path: Path, field: str | None = None) -> bytes:
    """Make a key and its file: base64 as `field` of a JSON object, or alone; raises FileExistsError."""
    key = secrets.token_bytes(KEY_BYTES)
    encoded = base64.b64encode(key).decode()
    content = json.dumps({field: encoded}, indent=1) if field else encoded
    create_secret(path, f"{content}\n".encode())
    return key


def read_key(path: Path, what: str, field: str | None = None) -> bytes:
    """The key in a file that `create_key` made; raises SecretFileError, which says that it is no `what`."""
    content = read_secret(path)
    try:
        encoded = json.loads(content)[field] if field else content.strip()
        key = base64.b64decode(encoded, validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise SecretFileError(f"{path} is no {what}") from None
    if len(key) != KEY_BYTES:
        raise SecretFileError(f"{path} is no {what} of {KEY_BYTES} bytes")
    return key
