"""Learn a style from a body of text and write more of it, with an LSTM in the open."""

__version__ = "0.1.0"
