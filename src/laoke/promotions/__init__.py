"""Promotions: the pure pricing engine, its columnar twin, and the offers that a shop stores."""
