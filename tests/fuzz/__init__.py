"""Coverage-guided fuzzing of every parser of outside bytes: targets, the kept corpus, and a runner."""
