"""Contracts of the two video APIs as frozen data, with the predicates that read it. Standard library only."""

__version__ = "0.1.0"
