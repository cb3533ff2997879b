"""The channels by which people are told, one door each."""
