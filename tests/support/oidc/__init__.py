"""A provider of sign-ins, and a visitor who signs in with it."""
