"""What SVG pictures drawn by hand have in common."""

from html import escape


def text(x, y, words, size=12, anchor="start", fill="#1c1917", weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}">{escape(words)}</text>'
