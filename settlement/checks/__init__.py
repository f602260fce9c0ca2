"""Checks of a claim before it is filed."""
