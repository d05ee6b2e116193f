"""Colours and letters that all pictures share: six roles, each told apart by more than its colour.

Pictures are drawn on white. In a dark theme the page turns them over (`picture`), which keeps hues and contrast.
"""

INK = "#1a1a1a"  # text, outlines: 17 : 1 on white
QUIET = "#595959"  # what may be overlooked: 7 : 1
INPUT = "#2f6db3"  # what goes in, positive numbers: 5.3 : 1
TARGET = "#b34700"  # what is asked for, negative numbers: 5.6 : 1
GOOD = "#1e7b34"  # right: 5.4 : 1
OFF = "#d9d9d9"  # hidden, masked, not there: a fill, hatched
SMALL = 9  # points, the smallest text of a picture
