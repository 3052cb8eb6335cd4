"""Requests for a session that is at another node of the cluster, which are forwarded to it."""
