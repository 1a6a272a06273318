"""What every part of Skerry stands on; standard library and msgspec only."""
