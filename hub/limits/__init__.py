"""How much may be done: windows for rates, quotas per user."""
