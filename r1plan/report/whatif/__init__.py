"""The same requests in other worlds: other sellers, hours, caches, lengths of thinking, or one's own machine."""
