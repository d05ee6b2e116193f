"""The tests, as a package: else another `tests` on the path (older versions of IPython bring one) would hide them.

The folders mirror the package; `ROOT` is the checkout, `PYTHON_PATH` what a fresh interpreter finds it by, and what
this one finds by that variable, too: packages may come from there alone.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_PATH = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
