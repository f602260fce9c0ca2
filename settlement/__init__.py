"""What is owed: the department's settlement of the merchants' subsidy claims."""
