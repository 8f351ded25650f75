"""`seedmock verify`: whether something that claims to be an upstream does what the contract says."""
