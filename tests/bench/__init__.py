"""What a visit costs, side by side with what else could answer it: `python -m tests.bench`."""
