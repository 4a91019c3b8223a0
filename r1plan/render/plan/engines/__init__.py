"""How the plans of each engine are shown: its words, its columns and what --explain adds."""
