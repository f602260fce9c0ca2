"""What things are: classification, prohibited lists, programs, and their versions."""
