"""Pages of documentation that are generated from the contracts, the server's tables and trials of the harness."""
