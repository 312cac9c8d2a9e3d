#!/usr/bin/env python3
"""Writes a C file that defines each function which the header declares: stubs.py HEADER > stubs.c. Compiled with -g
it describes to libabigail what a C program sees, which the Rust library itself does not. Knows no library."""

import re
import subprocess
import sys

# The header as the compiler sees it, without macros and conditions, which would be in the way.
TEXT = subprocess.run(["cc", "-E", "-P", "-w", sys.argv[1]], check=True, capture_output=True, text=True).stdout


def statements(text):
    """The text cut at each semicolon that is in no braces, and behind each function's body."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        body = char == "}" and depth == 0 and not text[at + 1 :].lstrip().startswith((";", "__attribute__", "mempool_t"))
        if depth == 0 and (char == ";" or body):
            yield text[start : at + 1].strip()
            start = at + 1


def is_prototype(statement):
    return re.match(r"(?!typedef|static|extern)[^{}]*\b\w+\s*\([^{}]*\);$", statement, re.S)


for statement in statements(TEXT):
    print(statement[:-1] + "\n{ __builtin_trap(); }" if is_prototype(statement) else statement)
