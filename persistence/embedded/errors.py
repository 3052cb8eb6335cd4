"""Errors of the embedded Postgres."""


class EmbeddedPostgresError(Exception):
    """The embedded server cannot start or stay up; the text says why and what to do."""


class DataDirInUse(EmbeddedPostgresError):
    """Another hub or command holds this data folder."""
