"""The stop list: cards that may not be served (668-ПП of 18.11.2014, 9.3 and 9.4; domain.md 1.6).

Numbers become tokens and digests where they come in, and are not kept. What is kept: who is stopped, by
token, from which version of the list to which, and the card's digest, sealed. Each merchant gets the list
in its own code, made of the digests under its own key.
"""
