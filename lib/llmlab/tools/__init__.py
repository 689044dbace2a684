"""What a model may call: hostile input is expected, and each tool says what it does not stop."""
