"""Inference runtimes behind one seam: raw tensors in, raw tensors out; no decoder is known here."""
