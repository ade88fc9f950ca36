"""People's rights (policy §8, §10): requests with their clocks, and what is done about them."""
