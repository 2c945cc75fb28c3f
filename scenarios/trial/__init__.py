"""Virtual trials: designs of published studies set up inside the model, their estimators, and verdicts."""
