"""Printing: a form and its data become a PDF. The compiler and its fonts come in one package.

The same form and data make the same bytes: fonts of the machine are not looked at, and the time in the file
is given.
"""

from datetime import datetime
from tempfile import TemporaryDirectory

import msgspec
import typst

from settlement.documents.errors import DocumentCode
from settlement.documents.forms import Form, check_form
from settlement.errors import SettlementError

_encode = msgspec.json.Encoder(order="deterministic").encode


def print_form(form: Form, data: object, made_at: datetime) -> bytes:
    """The PDF of a form; raises SettlementError FORM_UNSAFE or FORM_BROKEN."""
    check_form(form)
    with TemporaryDirectory(prefix="tillgate-form-") as empty:
        try:
            compiler = typst.Compiler(
                form.body.encode(),
                root=empty,
                ignore_system_fonts=True,
                sys_inputs={"data": _encode(data).decode()},
                package_path=empty,
                package_cache_path=empty,
            )
            made = compiler.compile(format="pdf", timestamp=int(made_at.timestamp()))
        except typst.TypstError as error:
            raise SettlementError(DocumentCode.FORM_BROKEN, name=form.name, what=error.message) from error
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made
