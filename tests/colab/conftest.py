"""Nothing here is collected on other versions than Colab's; `make test-colab` fails if it then finds no test."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    classic = version("notebook").startswith("6.")
except PackageNotFoundError:
    classic = False
collect_ignore_glob = [] if classic else ["test_*.py"]
