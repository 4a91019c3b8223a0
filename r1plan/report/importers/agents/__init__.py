"""Logs of the tools that people ask models with: terminals and coding agents. One importer a module."""
