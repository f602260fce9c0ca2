"""EnrollmentService: the one service for those who have no certificate yet."""
