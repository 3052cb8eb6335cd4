"""The running hub: every task, socket and HTTP route of Parlour."""
