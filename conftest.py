"""For `pytest --nbval notebooks`: start a kernel anew when it dies before it has run anything.

Jupyter picks a kernel's ports a moment before the kernel binds them. When several notebooks start at once another
process may take one in between, and the kernel dies at once. No cell has run by then, so no result is repeated.
"""

from __future__ import annotations

import functools

ATTEMPTS = 3


def start_again(start):  # noqa: ANN001, ANN201 - wraps a function of nbval's, whatever its signature
    """`start`, tried up to three times while it says that the kernel died."""

    @functools.wraps(start)
    def attempt(*args, **options):  # noqa: ANN002, ANN003, ANN202
        for left in reversed(range(ATTEMPTS)):
            try:
                return start(*args, **options)
            except RuntimeError as error:
                if not left or "Kernel died" not in str(error):
                    raise

    return attempt


def pytest_configure() -> None:
    """Runs before any kernel is started."""
    try:
        import nbval.kernel
    except ImportError:  # the tests of the package alone need no nbval
        return
    if not hasattr(nbval.kernel.start_new_kernel, "__wrapped__"):
        nbval.kernel.start_new_kernel = start_again(nbval.kernel.start_new_kernel)
