"""Files that people upload: what they are, what they are called, where they are kept."""
