"""Claims: sets of the ledger's operations, from their draft to the money on the merchant's account."""
