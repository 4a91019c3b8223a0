"""Prices shown."""
