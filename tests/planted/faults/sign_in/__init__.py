"""Faults in ways to sign in, beside the one with a password."""
