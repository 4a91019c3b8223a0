"""Other tools' logs as rows of the report: one importer a module."""
