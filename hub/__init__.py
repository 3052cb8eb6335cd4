"""Who is here and who is told: every task and socket of Parlour."""
