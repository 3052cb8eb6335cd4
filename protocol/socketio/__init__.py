"""Socket.IO protocol 5, without I/O: packets, and the binary attachments that follow them."""
