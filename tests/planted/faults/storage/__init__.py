"""Faults in what is remembered."""
