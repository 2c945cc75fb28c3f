"""Data tables with their sources, settings, and the loading of model inputs."""
