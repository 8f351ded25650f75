"""What the two vendors said, as frozen data. Standard library only."""

__version__ = "0.1.0"
