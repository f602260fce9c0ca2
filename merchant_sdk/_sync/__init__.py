# Generated from _async/__init__.py by `python -m merchant_sdk._generate_sync`; do not edit.
"""The synchronous client."""
