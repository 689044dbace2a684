"""One reader per kind of source, and the table that names them."""
