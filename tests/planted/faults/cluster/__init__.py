"""Faults in what several nodes share."""
