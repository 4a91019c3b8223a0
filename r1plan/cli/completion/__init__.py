"""What Tab completes in a shell: commands, options, and the names of models, cards, providers and routes."""
