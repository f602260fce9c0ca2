"""Tillgate's wire messages."""
