"""What people see: merchants their operations, the department its money, everybody the demand."""
