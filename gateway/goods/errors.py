"""Why the department's work on goods is refused: errors with a code for machines and texts for people."""

from gateway.domain.refusal import CodedError

__all__ = ["CodedError"]
