"""A plan as one page for a browser, with nothing to load: styles, pictures and figures are all in it."""
