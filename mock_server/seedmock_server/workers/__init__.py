"""Several processes that serve one address: what starts and watches them, and what they tell each other."""
