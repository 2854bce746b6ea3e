#!/usr/bin/env python3
"""Writes src/Dwarf.Model/Text/decompositions.txt: what lower-casing tokenizers need of Unicode's NFD.

With InvariantGlobalization .NET's own normalisation leaves everything beyond ASCII alone. A line holds a code point and what remains of
its full canonical decomposition once the non-spacing marks (category Mn) are dropped, all in hexadecimal. Hangul syllables are left
out: they follow from arithmetic.
"""
import pathlib
import sys
import unicodedata

target = pathlib.Path(__file__).resolve().parent.parent / "src/Dwarf.Model/Text/decompositions.txt"
lines = []
for code in range(sys.maxunicode + 1):
    if 0xAC00 <= code <= 0xD7A3 or 0xD800 <= code <= 0xDFFF:
        continue
    letter = chr(code)
    parts = unicodedata.normalize("NFD", letter)
    if parts != letter:
        kept = [f"{ord(part):x}" for part in parts if unicodedata.category(part) != "Mn"]
        lines.append(" ".join([f"{code:x}", *kept]))
target.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
print(f"{len(lines)} decompositions of Unicode {unicodedata.unidata_version} in {target}")
