"""What a till sends to name an item, read: GTINs, marking codes, a shop's own codes. No look-up, no I/O."""
