"""Customers: the list, one of them, and what is decided about them."""
