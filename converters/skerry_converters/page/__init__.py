"""The page that tells a person what came of a conversion: one HTML file that needs no other."""
