"""From the bytes of a document to rows that search can use: parse, split, embed, index."""
