"""Questions about decisions: why a line is judged so, what a draft changes, whether an old one repeats."""
