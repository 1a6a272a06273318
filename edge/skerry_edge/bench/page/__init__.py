"""Pages that need no other file: markup, pictures drawn as SVG, and the sheet that they share."""
