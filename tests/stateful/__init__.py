"""Random commands against an auditor that knows the rules by itself."""
