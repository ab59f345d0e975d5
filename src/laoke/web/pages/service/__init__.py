"""Pages of after-sales: what is due to whom, and one case with its steps."""
