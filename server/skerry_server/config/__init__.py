"""The server's configuration: one module for each table of the file, and the file as a whole."""
