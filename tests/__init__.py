"""The tests, as a package: else another `tests` on the path (older versions of IPython bring one) would hide them."""
