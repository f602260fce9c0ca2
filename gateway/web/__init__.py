"""People's door: health, readiness and metrics over HTTP."""
