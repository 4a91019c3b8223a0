"""Whether a model runs here as planned: it is loaded, or its server asked, and measured beside the plan."""
