"""Commands of people, workers and the clock, drawn by hypothesis, against a small model of what they mean."""
