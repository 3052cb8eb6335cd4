"""What must be true of every device: what happened, and which events each was sent."""
