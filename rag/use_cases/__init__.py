"""What can be done with a tenant's knowledge: one verb a function, which checks, does and records.

All are plain synchronous functions of a tenant's context; async code calls them through ``in_database``.
"""
