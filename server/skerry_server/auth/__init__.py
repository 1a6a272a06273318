"""Who may do what over HTTP: sign-in, sessions, tokens, throttling, and the one table of what each route needs."""
