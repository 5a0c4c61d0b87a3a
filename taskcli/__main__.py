"""python -m taskcli."""

import sys

from taskcli.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
