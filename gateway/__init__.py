"""The gateway: tills authorize, capture and refund purchases against certificates here."""
