"""A tenant's data as one file: written from a snapshot, read into a fresh tenant, the same to the byte."""
