"""Speed against an honest yardstick: Authorize and a bare echo, in turn, by the same client."""
