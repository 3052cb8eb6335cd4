"""`parlour user`, `session`, `workspace` and `admin`."""
