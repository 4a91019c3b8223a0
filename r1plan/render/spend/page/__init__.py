"""A spend report as one page for a browser, with nothing to load: charts, figures and their script are all in it."""
