"""How far each layer of an emitted file is from the float network: where the error begins, and which layers make it."""
