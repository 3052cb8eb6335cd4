"""Several hubs on one database, called nodes: what they publish, and how they act on it."""
