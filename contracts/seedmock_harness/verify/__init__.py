"""`seedmock verify`: check a live service or an emulator against the documented contract."""
