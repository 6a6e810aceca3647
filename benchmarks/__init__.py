"""Measurements that are run by hand (`make bench-...`), never by the tests: their figures depend on the machine."""
