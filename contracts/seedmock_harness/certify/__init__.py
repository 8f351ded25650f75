"""`seedmock certify`: run a client through faults and task fates, and check its requests, charges and saved file."""
