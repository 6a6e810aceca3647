"""The OpenAI-compatible face of a tenant: models and chat completions under ``/v1/``."""
