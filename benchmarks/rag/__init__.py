"""How good and how fast retrieval is: `make bench-rag`."""
