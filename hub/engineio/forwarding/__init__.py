"""Forwards requests for a session that is at another node of the cluster."""
