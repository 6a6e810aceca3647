"""A tenant's documents: taken in, split, embedded, indexed and searched. Knows nothing of conversations."""
