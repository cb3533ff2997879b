"""The staff's face: desk, customers, knowledge base; and the operators' console on the platform's host."""
