"""Extensions, one a file; EXTENSIONS in `components` has their order."""
