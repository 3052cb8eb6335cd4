"""Faults in what is stored."""
