"""Batches that a shop's own system sends: checked row by row, then taken in like a file of the same facts."""
