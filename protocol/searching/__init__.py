"""Searching messages: what is asked for, and where it stands in a text."""
