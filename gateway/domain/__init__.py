"""What is right: pure rules, without I/O, clock or chance."""
