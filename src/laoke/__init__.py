"""Laoke 老客: turns a shop's order history into returning customers."""

__version__ = "0.1.0"
