"""Reading documents in processes of their own: what strangers made is parsed where it can harm nobody."""
