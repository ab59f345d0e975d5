"""Taking order files in: choosing, watching, and what became of them."""
