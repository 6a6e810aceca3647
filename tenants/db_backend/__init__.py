"""Django's database backend for many tenants: see base.py."""
