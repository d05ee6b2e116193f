"""The one thing that no tokenizer can do: encode text that has no UTF-8 bytes."""

from __future__ import annotations


def refuse_unencodable(text: str, offset: int = 0) -> None:
    """Raise if the text cannot become UTF-8. `offset`: how many characters of a longer text stand in front of it."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"character {offset + error.start} of the text is U+{ord(text[error.start]):04X}, half of a surrogate "
            "pair, and has no UTF-8 bytes. text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace') joins "
            "the pairs and puts U+FFFD where half of one is missing."
        ) from None
