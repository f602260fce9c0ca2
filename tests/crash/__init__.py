"""Crash tests: the gateway, its database and Redis die under load, and no point is made or lost."""
