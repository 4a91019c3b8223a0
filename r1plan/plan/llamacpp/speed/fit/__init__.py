"""The constants of speed, fitted on measured rows: `python -m r1plan.plan.llamacpp.speed.fit`."""
