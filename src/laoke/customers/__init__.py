"""People, identities, the contact vault, consent and tags."""
