"""The page `@socket.io/admin-ui`, which operators may open on a hub."""
