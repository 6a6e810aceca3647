"""Both consoles over long lists."""
