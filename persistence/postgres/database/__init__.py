"""How Parlour works with a Postgres server: its connections and its schema."""
