"""Rewards of the shop's own: points, lotteries, referrals."""
