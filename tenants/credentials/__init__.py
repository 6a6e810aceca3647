"""A tenant's own model providers: keys encrypted at rest, used through the network guard, tried before they matter."""
