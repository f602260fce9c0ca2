"""What a merchant's head office sees of its claims, and says to them: ClaimService's answers."""
