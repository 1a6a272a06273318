"""What the Edge TPU takes of a network, before and after Coral's compiler has seen it."""
