"""What Skerry converts to: one module a family of files, behind one seam."""
