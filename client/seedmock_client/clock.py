"""The defaults of every `now` and `sleep`: the only module of the client that imports `time`."""

from time import monotonic, sleep
from time import time as today

__all__ = ["monotonic", "sleep", "today"]
