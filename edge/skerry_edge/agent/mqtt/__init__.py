"""The session with the broker: one connection after the other, what each carries, and what a refusal means."""
