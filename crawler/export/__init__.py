"""Export the archive for other programs: one module for each format, over `crawler.library`."""
