"""Whether a card number shows in what a gateway leaves behind: the scanner, and the runs that it looks at."""
