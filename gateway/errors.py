"""Why work of the department is refused: errors with a code for machines and texts for people."""

from enum import Enum
from typing import Any


class CodedError(Exception):
    """Something is refused; `code.name` is for machines, `details` is what the texts name.

    The value of a code is its text in Russian and in English.
    """

    def __init__(self, code: Enum, **details: Any) -> None:
        self.code = code
        self.details = details
        self.ru, self.en = (text.format(**details) for text in code.value)
        super().__init__(f"{code.name}: {self.en} / {self.ru}")
