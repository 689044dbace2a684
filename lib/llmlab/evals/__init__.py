"""Numbers about a model, each with a ceiling and a cheap baseline beside it."""
