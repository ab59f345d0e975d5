"""Own codes for own shops: coupons in issues, their ledger, and what the shop's own system asks of them."""
