"""The command line, one module per noun. Django and the heavy libraries are imported inside the commands."""
