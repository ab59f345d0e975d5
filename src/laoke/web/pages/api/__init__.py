"""The JSON API for shops with systems of their own."""
