"""Hydra configuration: one file per verb, one folder per group of settings."""
