"""An app that holds the two assistants of the harness in ../shared/bench, and nothing else."""
