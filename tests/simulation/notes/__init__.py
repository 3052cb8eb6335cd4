"""Notes: what devices note for their users alone, what they are told of it, and what is true."""
