"""Text to ids and back, one protocol for every kind."""
