"""What DeepSeek R1 you can run here, what it costs, and what the month really cost."""

__version__ = "0.1.0"
