"""A crawler and archiver for Deutsche Welle: seeds in, an archive of seed documents out."""
