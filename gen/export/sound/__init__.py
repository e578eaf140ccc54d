"""Scores to sound: a small synthesiser in NumPy, and SoundFonts where a library for them is installed."""
