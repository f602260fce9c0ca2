"""The gateway as most would write it, for comparison: one SQLAlchemy transaction a request.

Door, validation, rules, signing, tables, metrics and log are the gateway's own. Only the way to the
database differs: lock the account, read, decide, write row by row, commit. `python -m loadtests.plain`
serves with the settings of `tillgate serve`.
"""
