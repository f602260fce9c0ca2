"""Matching: purchase, fiscal receipt and claim line must agree."""
