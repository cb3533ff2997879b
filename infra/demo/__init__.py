"""The demo chain: a hotel group, two of its franchisees and a stranger, as if they had worked here for three months."""

from infra.demo.loading import is_loaded, load
from infra.demo.welcome import welcome

__all__ = ["is_loaded", "load", "welcome"]
