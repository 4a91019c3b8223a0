"""The rows of all files while a report is made: put together, each request once."""
