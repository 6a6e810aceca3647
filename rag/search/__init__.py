"""Finding chunks: by words (BM25), by meaning (vectors), and by both, fused."""
