"""Where the rows of all files are kept while a report is made, and what is kept of them for the next."""
