"""Item pipelines, one a file; ITEM_PIPELINES in `components` has their order. No pipeline calls a later one."""
