"""RFC 6455 without a socket: the upgrade, and the frames after it."""
