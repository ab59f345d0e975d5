"""A shop's PC has no pandas: what looks for it finds none, and no command spends its first half second on it."""

raise ImportError("a shop's PC has no pandas", name="pandas")
