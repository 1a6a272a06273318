"""People and programs that sign in: users, their tokens, their browsers, and what each may do."""
