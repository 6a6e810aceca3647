"""The snippet doctor: reads a tenant's page as a browser would, and says in sentences what keeps the chat away."""
