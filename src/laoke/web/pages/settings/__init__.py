"""What a shop decides for itself: staff, cut points, consent, gateways, caps; and the audit trail."""
