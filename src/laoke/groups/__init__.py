"""Chat groups of a shop as a book keeps them: which there are, who is in them, since when and by which invitation."""
