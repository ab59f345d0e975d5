"""How the facts of a shop keep: what came from where, what is missing, what contradicts, how large it is."""
