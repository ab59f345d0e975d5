"""Pages of campaigns: the list, a campaign's home, its calendar and execution table, and everybody's tasks."""
