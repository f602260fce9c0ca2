"""What is true: accounts, certificates, purchases, outcomes, entries; the committer; verify."""
