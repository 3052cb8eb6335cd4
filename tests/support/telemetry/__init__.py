"""What a hub says of itself, for tests."""
