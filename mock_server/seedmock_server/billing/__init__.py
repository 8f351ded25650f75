"""Money of each account, computed from its tasks and the clock."""
