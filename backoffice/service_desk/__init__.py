"""The desk: inbox, ticket, bell."""
