"""Coupon budgets: who gets which coupon."""
