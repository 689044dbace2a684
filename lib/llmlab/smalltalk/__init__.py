"""The Smalltalk language: tokens, trees, source files, numbers about code. No machine learning here."""
