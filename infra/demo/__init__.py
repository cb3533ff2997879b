"""The demo chain: a hotel group, two of its franchisees and a stranger, as if they had worked here for three months."""
