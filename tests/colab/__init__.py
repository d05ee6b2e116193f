"""What needs the versions of Google Colab: run by `make test-colab` alone."""
