"""Installing the agent as a service: a pure plan of typed steps, and one executor that carries them out."""
