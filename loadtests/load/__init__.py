"""The parts of `make load`: a food-help day of a city, played by locust against a real gateway."""
