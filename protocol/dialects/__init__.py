"""The wire dialects, one folder each; `protocol.discovery` finds them."""
