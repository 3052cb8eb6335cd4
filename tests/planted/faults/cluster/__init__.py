"""Faults in how several nodes work together."""
