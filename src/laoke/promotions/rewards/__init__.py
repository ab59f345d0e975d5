"""What the shop's own buyers are rewarded with in the ledger: points, draws of a lottery, referrals."""
