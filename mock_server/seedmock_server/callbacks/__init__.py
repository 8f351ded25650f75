"""Callbacks to the addresses that an order names: schedule, delivery, retries."""
