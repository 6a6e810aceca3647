"""Runs under faults, with real processes: `make faults`."""
