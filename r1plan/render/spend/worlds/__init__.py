"""A report's other worlds: sentences, a table, and the fields of the document."""
