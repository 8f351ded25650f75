"""`python -m seedmock_server` is the command `seedmock`."""

from .cli import main

main()
