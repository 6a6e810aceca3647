"""How good and how fast the search is on a judged collection."""
