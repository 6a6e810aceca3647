"""Citations: numbered passages in, checked markers and exact quotes out."""
