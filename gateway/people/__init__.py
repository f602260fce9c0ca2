"""Who works at the department and at merchants: persons, their rights, how they sign in, and four eyes."""
