"""The tests, as a package: else another `tests` on the path (older versions of IPython bring one) would hide them.

The folders mirror the package; `ROOT` is the checkout.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
