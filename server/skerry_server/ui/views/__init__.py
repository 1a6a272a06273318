"""What pages show, as text and numbers ready for their templates. Pure."""
