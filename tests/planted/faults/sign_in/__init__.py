"""Faults in ways to sign in."""
