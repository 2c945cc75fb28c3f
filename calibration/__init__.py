"""Figures with their sources, and how they become the inputs of a run."""
