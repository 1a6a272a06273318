"""What Skerry knows about boards: profiles as data, their schema and loader."""
