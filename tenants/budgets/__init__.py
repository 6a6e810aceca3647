"""Plans, budgets and prices: how much a tenant, and those in it, may have and use."""
