"""Permissions: each REST call and each command, as each kind of user."""
