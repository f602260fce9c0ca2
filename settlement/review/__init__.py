"""From filing to payable: verdicts on lines, the decision of two persons, objections, deadlines."""
