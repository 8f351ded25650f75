"""References of an order: URLs, data URIs, posted files and what is in them."""
