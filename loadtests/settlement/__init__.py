"""The bench of settlement: a month of many merchants, all its claims built, matched and checked."""
