"""Tasks as immutable records, and their state as a function of record and clock."""
