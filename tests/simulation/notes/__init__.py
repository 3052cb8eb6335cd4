"""Notes: which ones devices make, which ones they are sent, and which are true."""
