"""How files come from a repository to the device's disk: mirrors, pace, space, patches and archives."""
