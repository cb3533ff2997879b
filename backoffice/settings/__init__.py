"""The tenant's own settings: its people, how it looks, where it is found, what it uses, and what was done."""
