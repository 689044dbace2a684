"""Every file format that Smalltalk comes in, recognised by content and read into the one record."""
