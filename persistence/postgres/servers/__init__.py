"""The servers that a database has: which of them is the primary, and whether it has standbys."""
