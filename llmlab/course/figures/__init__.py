"""The pictures of the lessons: `show` for any matplotlib figure, and a module for each picture that a lesson draws.

`from llmlab.course.figures import lookup` and then `lookup.draw(ids, table)`: a module has one public function `draw`,
which gets the values that the lesson has computed and returns what `show` returns. Nothing here computes what a picture
says; colours and sizes that they share are in `palette`.
"""

from llmlab.course.figures.picture import Picture, show

__all__ = ["Picture", "show"]
