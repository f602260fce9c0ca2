"""The demo: tills buy real baskets with certificates."""
