"""Payouts: from what a claim is to be paid to the money on the merchant's account, and its reconciliation."""
