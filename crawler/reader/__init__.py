"""Make pages for people: an archive as a site of plain files."""
