"""What operators do, however they come in."""
