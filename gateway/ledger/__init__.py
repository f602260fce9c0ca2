"""What is true: accounts, certificates, purchases, outcomes, entries, and the one committer that changes them."""
