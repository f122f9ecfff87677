"""`python -m sendwell` is `sendwell`."""

from sendwell.cli import main

if __name__ == "__main__":
    main()
