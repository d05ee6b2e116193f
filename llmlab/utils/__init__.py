"""What every part of the package uses: checks of arguments, bundled files, names resolved when asked for."""
