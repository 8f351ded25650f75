"""`python -m seedmock_server` is the command `seedmock`."""

from .cli.main import main

main()
