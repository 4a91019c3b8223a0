"""What the constants of servers are fitted to, and how; `python -m r1plan.plan.serving.fit` does it.

It stands above the engines that share it: the bytes of weights are vLLM's, whichever server was measured.
"""
