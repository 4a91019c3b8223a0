"""`r1plan chat`. The terminal's library is imported when a conversation begins."""
