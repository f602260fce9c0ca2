"""Under a claim: the seal of the gateway, and the signature of whoever signs for the merchant."""
