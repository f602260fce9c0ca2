"""What things are: classification, prohibited lists and their versions."""
