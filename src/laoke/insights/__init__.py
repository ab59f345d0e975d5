"""What the facts say of customers: features, RFM, life cycle, groups, habits."""
