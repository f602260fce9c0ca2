"""What a till's name of an item says: lexicons of words and brands, and a classifier trained on them."""
