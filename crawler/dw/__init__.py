"""Parse DW's data: bytes in, an Article or a list of documents out."""
