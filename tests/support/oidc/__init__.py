"""A provider of sign-ins, and somebody who signs in with it."""
