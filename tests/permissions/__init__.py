"""Everybody at every door: each REST call and each command, as each kind of user."""
