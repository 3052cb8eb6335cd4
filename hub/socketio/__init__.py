"""A Socket.IO 5 server on trio: namespaces, rooms, acknowledgements, over Engine.IO sessions."""
