"""The till's second door: the methods of PurchaseService as JSON over HTTPS with mutual TLS."""
