"""The addresses that providers push delivery reports and replies to."""
