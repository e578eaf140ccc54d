"""Numbers, and text that others wrote, as they stand in a sentence for the user."""


def counted(number: int, noun: str) -> str:
    """`1 file`, `1,000 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def one_line(text: str, most_characters: int) -> str:
    """The words of a text from anywhere on one line that any terminal can show, cut where it is too long."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:most_characters].rstrip()
