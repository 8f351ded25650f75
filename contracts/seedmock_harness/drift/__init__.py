"""`seedmock drift`: compare recordings with the contract and with each other, without a network."""
