"""What the faces share: one request is one tenant, one transaction, one language, one permission."""
