"""Engine.IO protocol 4, server side, without I/O: packets, and what a session makes of them."""
