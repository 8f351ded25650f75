"""The emulated APIs: the chain that a request takes, and what it is answered with."""
