"""What DW's data means: bytes in, an Article or a list of documents out."""
