"""The shop at a glance, today's work, and the search that finds everything."""
