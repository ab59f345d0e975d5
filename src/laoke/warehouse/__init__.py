"""The warehouse: facts as Delta tables with contracts, read by DuckDB at named versions. No Django in here."""
