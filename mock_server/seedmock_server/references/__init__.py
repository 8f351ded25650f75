"""References of an order: URLs, data URIs and uploaded files, the facts of their media, and faces in them."""
