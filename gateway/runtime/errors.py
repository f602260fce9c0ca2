"""What an operator can mend: told in one line, without a traceback."""


class StartError(Exception):
    """The gateway cannot start for a reason that an operator can mend; the text names the setting."""
