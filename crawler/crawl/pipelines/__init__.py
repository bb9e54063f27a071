"""What happens to an article, one pipeline a file, in the order of ITEM_PIPELINES. No stage asks a later one."""
