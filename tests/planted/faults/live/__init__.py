"""Faults in what live connections are shown, and when it ends."""
