"""Several hubs on one database, called nodes: what they publish to each other, and what follows."""
