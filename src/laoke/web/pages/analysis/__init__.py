"""All customers at once: RFM, life cycle, groups, gaps and demand over time."""
