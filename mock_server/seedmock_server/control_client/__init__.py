"""Python client of the control API: typed methods, records as results. Knows an address, not the emulator."""

from .client import ControlClient
from .clock_control import ClockControl
from .fate_control import FateControl
from .fault_control import FaultControl
from .transport import ControlClientError, ControlTransport, EmulatorNotRunning, RequestRejected

__all__ = [
    "ClockControl",
    "ControlClient",
    "ControlClientError",
    "ControlTransport",
    "EmulatorNotRunning",
    "FateControl",
    "FaultControl",
    "RequestRejected",
]
