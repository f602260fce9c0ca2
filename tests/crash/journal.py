"""What tills have sent and what they were told: the one witness beside the ledger itself."""

from dataclasses import dataclass, field

from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service


@dataclass(eq=False)
class Sent:
    """One request id: the exact bytes under it, every answer to them, and the errors instead of answers.

    Without an answer it is unknown whether it was done.
    """

    method: str
    request_id: str
    terminal_id: int
    body: bytes
    answers: list[bytes] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def is_acknowledged(self) -> bool:
        """Whether the till was told the outcome at least once."""
        return bool(self.answers)

    @property
    def outcome(self) -> wire.SignedOutcome:
        """The outcome as it was first told."""
        # The answer is field 1 of every command's response.
        response = service.AuthorizeResponse.FromString(self.answers[0])
        return wire.SignedOutcome.FromString(response.answer.signed_payload)


@dataclass
class Journal:
    """The memory of all tills, in order of the first sending."""

    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: int = 0

    def write(self, method: str, request_id: str, terminal_id: int, body: bytes) -> Sent:
        """Note a request before it is sent for the first time."""
        assert request_id not in self.sent
        self.sent[request_id] = noted = Sent(method, request_id, terminal_id, body)
        return noted

    def acknowledge(self, sent: Sent, answer: bytes) -> None:
        """Note an answer."""
        self.acknowledged += not sent.answers
        sent.answers.append(answer)

    @property
    def unknown(self) -> list[Sent]:
        """Requests without an answer."""
        return [sent for sent in self.sent.values() if not sent.is_acknowledged]

    def errors(self) -> dict[str, int]:
        """How often which error came instead of an answer."""
        counted: dict[str, int] = {}
        for sent in self.sent.values():
            for error in sent.errors:
                counted[error] = counted.get(error, 0) + 1
        return counted
