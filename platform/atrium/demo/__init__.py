"""`manage.py demo`: everything on one machine, with two tenants, real documents and printed ways in."""
