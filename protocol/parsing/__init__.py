"""From untrusted text to typed values: what every dialect parses its frames with."""
