"""`python -m gateway.cli` is `tillgate`."""

from gateway.cli import main

main()
