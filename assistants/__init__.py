"""Assistants as Python classes: their tools, conversations and runs."""
