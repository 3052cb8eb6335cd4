"""Searching messages: queries, words, and the parts of a text that match."""
