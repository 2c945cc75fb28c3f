"""What people ask of the model: commands, comparisons, result tables and figures."""
