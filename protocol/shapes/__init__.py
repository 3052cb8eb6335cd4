"""How values look on the wire, where several dialects or REST share the form."""
