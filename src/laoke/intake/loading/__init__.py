"""Loading: staged batches become people, sealed contacts and facts, by the numbered steps of the catalog protocol."""
