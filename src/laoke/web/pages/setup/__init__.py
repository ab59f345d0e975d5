"""Pages of a campaign's offers in the seller's back office: what to fill in, where each stands, what became of it."""
