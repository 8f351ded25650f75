"""Storage of records: a protocol, and the stores that implement it. Knows no clock: records have no state."""

from __future__ import annotations

from .memory import MemoryStore
from .models import Booking, DueCallback, Order, StoreError, StoreUnavailable
from .protocol import Store

__all__ = ["Booking", "DueCallback", "MemoryStore", "Order", "Store", "StoreError", "StoreUnavailable"]
