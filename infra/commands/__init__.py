"""Commands of the terminal that are long enough for a file of their own; `cli.py` opens them all."""
