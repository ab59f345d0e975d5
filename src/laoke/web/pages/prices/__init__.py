"""Pages of price sheets: the list, one sheet with its ladder and warnings, its items, its file both ways."""
