"""What no tokenizer can do, encode text that has no UTF-8 bytes, and how files of text are read."""

from __future__ import annotations

import codecs
from pathlib import Path

_OTHER_SIGNATURES = {codecs.BOM_UTF16_LE: "UTF-16 or UTF-32", codecs.BOM_UTF16_BE: "UTF-16"}


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


def read_utf8(path: Path) -> str:
    """The text of a UTF-8 file, untouched; a byte order mark at its very beginning is its signature, not text.

    Raises:
        ValueError: the file is not UTF-8; the message names the file, the place and the remedy.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    remedy = "Save the file as UTF-8 in an editor, then load it again."
    for signature, encoding in _OTHER_SIGNATURES.items():
        if content.startswith(signature):
            raise ValueError(f"{path} begins with the byte order mark of {encoding}, expected UTF-8. {remedy}")
    signature = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    try:
        return content[len(signature) :].decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = error.object[error.start]
        raise ValueError(
            f"{path} is not UTF-8: byte {len(signature) + error.start} is 0x{wrong:02x} ({error.reason}). {remedy}"
        ) from error
