"""Pages of single orders: how one stands and how it came to stand so."""
