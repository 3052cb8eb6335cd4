"""Faults in what live connections are sent, and in when that ends."""
