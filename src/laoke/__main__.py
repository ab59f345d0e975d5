"""`python -m laoke`, for machines on which the `laoke` script is not on the path."""

from laoke.config.cli import main

if __name__ == "__main__":
    main()
