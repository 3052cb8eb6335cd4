"""The hubs of a simulation: one, or several nodes of one cell, and their faults."""
