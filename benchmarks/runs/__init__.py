"""What a run costs beside the model: `make bench-runs`."""
