"""Whatever answers a prompt, in this process or at a provider."""
