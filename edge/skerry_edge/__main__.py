"""`python -m skerry_edge` is `skerry`."""

from skerry_edge.cli import main

if __name__ == "__main__":
    main()
