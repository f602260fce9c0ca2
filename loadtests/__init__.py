"""The demo, load scenarios and the comparison bench."""
