"""What must be true of every device: what happened, and what each was sent of it."""
